from setuptools import find_packages, setup

package_name = "takt_cameras"

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
    description="Camera drivers: RealSense, UVC and video files, with measured time stamps.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "opencv_camera_node = takt_cameras.nodes.opencv_camera_node:main",
            "realsense_node = takt_cameras.nodes.realsense_node:main",
        ]
    },
)
