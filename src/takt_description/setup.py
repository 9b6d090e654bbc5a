from pathlib import Path

from setuptools import find_packages, setup

package_name = "takt_description"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={package_name: ["py.typed"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package_name}"]),
        (f"share/{package_name}", ["package.xml"]),
        (f"share/{package_name}/urdf", sorted(map(str, Path("../../urdf").glob("*.xacro")))),
        (
            f"share/{package_name}/urdf/robots",
            sorted(map(str, Path("../../urdf").glob("robots/*.xacro"))),
        ),
    ],
    install_requires=["setuptools"],
    zip_safe=True,
    maintainer="takt developers",
    maintainer_email="takt@example.org",
    description="The robot model of takt: installs urdf/ and expands it to URDF.",
    license="Apache-2.0",
)
