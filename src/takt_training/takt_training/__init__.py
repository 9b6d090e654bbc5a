"""Training of the reference policy: demonstrations, model, export, evaluation.

ROS-free. PyTorch is needed by ``model``, ``train`` and ``export`` only; nothing that runs
a robot imports this package.
"""
