import os
from pathlib import Path

from setuptools import find_packages, setup

package_name = "takt_bringup"

# launch/, config/ and models/ at the top of the checkout are the only copies. setuptools wants
# paths relative to the working directory, which is a build folder if colcon makes links.
top = Path(__file__).resolve().parents[2]


def top_files(pattern: str) -> list[str]:
    return sorted(os.path.relpath(path) for path in top.glob(pattern) if path.is_file())


setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={package_name: ["py.typed"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package_name}"]),
        (f"share/{package_name}", ["package.xml"]),
        (f"share/{package_name}/launch", top_files("launch/*.launch.yaml")),
        *(
            (
                f"share/{package_name}/{folder.relative_to(top)}",
                top_files(f"{folder.relative_to(top)}/*"),
            )
            for folder in [top / "config", *sorted(top.glob("config/**/*/"))]
        ),
        *(
            (f"share/{package_name}/models/{bundle.name}", top_files(f"models/{bundle.name}/*"))
            for bundle in sorted(top.glob("models/*.takt"))
        ),
    ],
    install_requires=["setuptools"],
    zip_safe=True,
    maintainer="takt developers",
    maintainer_email="takt@example.org",
    description="Launch files, configuration and the takt command.",
    license="Apache-2.0",
    entry_points={"console_scripts": ["takt = takt_bringup.cli.main:main"]},
)
