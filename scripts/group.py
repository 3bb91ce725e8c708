"""Print the requirements of a dependency group of pyproject.toml, one a line. Usage: group.py NAME

The pip of Debian 12 has no --group yet.
"""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
print("\n".join(project["dependency-groups"][sys.argv[1]]))
