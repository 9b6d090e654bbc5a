from setuptools import find_packages, setup

package_name = "takt_hands"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={package_name: ["py.typed"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package_name}"]),
        (f"share/{package_name}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    zip_safe=True,
    maintainer="takt developers",
    maintainer_email="takt@example.org",
    description="Drivers for dexterous hands with Dynamixel servos.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "hand_node = takt_hands.nodes.hand_node:main",
        ]
    },
)
