#!/usr/bin/env python3
"""An image for the shop that no registry is asked for: `image.py | docker import - IMAGE`.

Prints an archive of this machine's Python, and of a static busybox for `sh` and `wget`.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile

LEFT_OUT = {"__pycache__", "dist-packages", "ensurepip", "idlelib", "lib2to3", "site-packages", "test", "tkinter"}

python = os.path.realpath(sys.executable)
library = os.path.realpath(sysconfig.get_path("stdlib"))
files = {python}
for folder, folders, names in os.walk(library):
    folders[:] = [name for name in folders if name not in LEFT_OUT and not name.startswith("config-")]
    files.update(os.path.join(folder, name) for name in names)
for program in [path for path in files if path == python or path.endswith(".so")]:
    loads = subprocess.run(["ldd", program], stdout=subprocess.PIPE, text=True).stdout
    files.update(re.findall(r"(?:=> |^\s)(/\S+) \(", loads, re.MULTILINE))

with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", dereference=True) as image:
    for path in sorted(files):
        image.add(path)
    image.add(shutil.which("busybox"), "bin/busybox")
    for name, target in [("sh", "busybox"), ("wget", "busybox"), ("python3", python)]:
        link = tarfile.TarInfo(f"bin/{name}")
        link.type, link.linkname = tarfile.SYMTYPE, target
        image.addfile(link)
    folder = tarfile.TarInfo("tmp")
    folder.type, folder.mode = tarfile.DIRTYPE, 0o1777
    image.addfile(folder)
