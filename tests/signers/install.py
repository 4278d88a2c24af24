#!/usr/bin/env python3
"""Installs the pinned libraries of Python and Node into target/signers; nothing to do twice."""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SIGNERS = pathlib.Path(os.environ.get("CALLROUTE_SIGNERS", HERE.parents[1] / "target" / "signers"))
LOCKS = [HERE / "package.json", HERE / "package-lock.json", HERE / "requirements.txt"]

stamp, wanted = SIGNERS / "installed", hashlib.sha256(b"".join(map(pathlib.Path.read_bytes, LOCKS)))
if not stamp.is_file() or stamp.read_text() != wanted.hexdigest():
    node, python = SIGNERS / "node", SIGNERS / "python"
    node.mkdir(parents=True, exist_ok=True)
    for path in LOCKS[:2]:
        shutil.copy(path, node)
    flags = ["--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(["npm", "ci", *flags, "--prefix", node], check=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", python], check=True)
    pip = [python / "bin" / "pip", "install", "--quiet", "--requirement", LOCKS[2]]
    subprocess.run(pip, check=True)
    stamp.write_text(wanted.hexdigest())
