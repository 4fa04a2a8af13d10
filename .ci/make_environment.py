"""Make the virtual environment with everything in it: make_environment.py FOLDER.

uv resolves and links the 6 GB of torch and napari in about a minute; where uv cannot
be had, pip does the same more slowly.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path


def main(folder: Path) -> int:
    """Make or refresh the environment."""
    if sys.version_info < (3, 11):  # noqa: UP036 - an older one may run this
        print("Python 3.11 or newer is needed; give one: make PYTHON=python3.11 ...")
        return 2
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    try:
        if not python.exists():
            venv.create(folder, with_pip=True)
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"{folder}: cannot make a virtual environment ({error})", file=sys.stderr)
        return 1
    pip = [str(python), "-m", "pip", "install", "--quiet"]
    run = subprocess.run
    if run([*pip, "uv"], check=False).returncode == 0:
        pip = [str(python), "-m", "uv", "pip", "install", "--python", str(python)]
        # Once here, not by every process that is started: torch alone takes seconds.
        pip.append("--compile-bytecode")
    else:
        run([*pip, "pip>=25.1"], check=True)  # --group is as new as this
    wanted = ["-c", "constraints.txt", "--group", "dev", "-e", ".[all,survey,fast]"]
    return run([*pip, *wanted], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
