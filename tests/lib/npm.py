"""Programs that others have written for Node, out of npm: for tests of what they think of ours. They are
kept in the build, of one version each; where there is no npm, or no net, tests say that they have not looked."""

import pathlib
import shutil
import subprocess

from hallmark import BUILD, PATIENCE_S


def package(name):
    """The directory of "name@version"; None where it cannot be had."""
    top = pathlib.Path(BUILD) / "npm" / name.replace("@", "-")
    kept = top / "node_modules" / name.rpartition("@")[0]
    if not (kept / "package.json").exists() and shutil.which("npm"):
        subprocess.run(["npm", "install", "--no-save", "--ignore-scripts", "--prefix", str(top), name],
                       capture_output=True, timeout=10 * PATIENCE_S, check=False)
    return kept if (kept / "package.json").exists() else None


def skipped(what):
    print(f"# SKIPPED, NOT CHECKED: there is no npm, or it cannot get what is wanted: {what}", flush=True)
