#!/usr/bin/python3
"""Images of nginx and Python, made by umoci out of this machine's packages, from the build to the running container:
an altered one is refused before it starts, an altered container is found while it runs, honest ones are affirming."""

import contextlib
import http.client
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from gated import Gate, lines_of
from hallmark import PATIENCE_S, program, run_tests
from images import named

PYTHON = os.path.realpath("/usr/bin/python3")
STDLIB = pathlib.Path("/usr/lib") / pathlib.Path(PYTHON).name
# Mounts end with the namespace, and that with its last process.
RUN = """set -e
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2,workdir=$3" "$4"
mount -t proc proc "$4/proc"
root=$4
shift 4
exec chroot "$root" "$@"
"""
NGINX_CONF = """daemon off; master_process off; error_log stderr; pid /tmp/nginx.pid;
events {}
http { access_log off; client_body_temp_path /tmp/b; proxy_temp_path /tmp/p; fastcgi_temp_path /tmp/f;
  uwsgi_temp_path /tmp/u; scgi_temp_path /tmp/s;
  server { listen unix:/tmp/socket; location / { return 200 "prices\\n"; } } }
"""
SERVE = """import os, socket
s = socket.socket(socket.AF_UNIX)
s.bind("/tmp/socket")
s.listen()
while True:
    c, _ = s.accept()
    c.recv(4096)
    c.sendall(b"HTTP/1.0 200 OK\\r\\nContent-Length: 7\\r\\n\\r\\nprices\\n")
    c.close()
"""


def copy(path, root):
    """A file of this machine to the same place in a tree, whatever it leads to here."""
    to = root / path.lstrip("/")
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, to)
    to.chmod(os.stat(path).st_mode & 0o755)


def copy_program(path, root):
    copy(path, root)
    listed = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout.split()
    for name in [w for w in listed if w.startswith("/")]:
        copy(name, root)


def nginx_tree(root):
    copy_program("/usr/sbin/nginx", root)
    for name, content in (("etc/nginx/nginx.conf", NGINX_CONF), ("etc/passwd", "root:x:0:0::/:/none\nnobody:x:65534:65534::/:/none\n"),
                          ("etc/group", "root:x:0:\nnogroup:x:65534:\n"), ("etc/nsswitch.conf", "passwd: files\ngroup: files\n")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    (root / "var/log/nginx").mkdir(parents=True)
    (root / "var/lib/nginx").mkdir(parents=True)
    return ["/usr/sbin/nginx", "-e", "stderr", "-g", "user root root;"]


def python_tree(root):
    copy_program(PYTHON, root)
    for part in ("encodings", "collections", "importlib", "re"):
        for path in sorted((STDLIB / part).rglob("*.py")):
            copy(str(path), root)
    for path in sorted(STDLIB.glob("*.py")):
        copy(str(path), root)
    for path in sorted((STDLIB / "lib-dynload").glob("_socket*.so")):
        copy(str(path), root)
    (root / "srv").mkdir()
    (root / "srv/serve.py").write_text(SERVE)
    return [PYTHON, "-B", "-I", "-S", "/srv/serve.py"]


class Built(Gate):
    """What a pipeline has built: the image `app:1` in a layout, its set, and a policy that knows it."""

    def __init__(self, make):
        super().__init__()
        self.tree = self.dir / "tree"
        self.tree.mkdir(mode=0o755)
        for name in ("proc", "tmp"):
            (self.tree / name).mkdir()
        self.argv = make(self.tree)
        self.layout = self.build("layout", self.tree)
        subprocess.run([program("hallmark-collector"), "image", self.layout, "--tag", "1", "-o", self.site.path("known.sha256")],
                       check=True, capture_output=True, timeout=4 * PATIENCE_S)
        self.known = self.site.path("known.sha256").read_text()
        allowed = {"name": "set", "allow": [named(self.known.encode())]}
        self.entry = {"image": {"facts": [allowed], "allow": ["/tmp/*"]},
                      "start": {"require": ["files"], "files": {"references": ["known"], "patterns": ["/**"], "symlinks": True},
                                "summary": "starts"}}
        self.measure = {"executable": "/nothing", "measure": ["files"], "files": ["/**"]}
        self.begin()

    def build(self, name, tree):
        layout, bundle = self.dir / name, self.dir / f"{name}.bundle"
        run = {"check": True, "capture_output": True, "timeout": 4 * PATIENCE_S}
        subprocess.run(["umoci", "init", "--layout", layout], **run)
        subprocess.run(["umoci", "new", "--image", f"{layout}:1"], **run)
        subprocess.run(["umoci", "unpack", "--image", f"{layout}:1", bundle], **run)
        shutil.copytree(tree, bundle / "rootfs", symlinks=True, dirs_exist_ok=True)
        subprocess.run(["umoci", "repack", "--image", f"{layout}:1", bundle], **run)
        return layout

    @contextlib.contextmanager
    def running(self):
        """As a runtime makes it: what was unpacked below, on an overlay, in a mount namespace of its own."""
        bundle = self.dir / "unpacked"
        subprocess.run(["umoci", "unpack", "--image", f"{self.layout}:1", bundle], check=True, capture_output=True,
                       timeout=4 * PATIENCE_S)
        for name in ("upper", "work", "merged"):
            (self.dir / name).mkdir()
        app = self.start("unshare", "-m", "sh", "-c", RUN, "sh", bundle / "rootfs", self.dir / "upper", self.dir / "work",
                         self.dir / "merged", *self.argv, stderr=subprocess.DEVNULL)
        try:
            root = pathlib.Path(f"/proc/{app.pid}/root")
            answers(app, root / "tmp/socket")
            yield app, root
        finally:
            self.end(app)

    def look_at(self, app, **image):
        self.measure = {"pid_file": str(self.write("app.pid", f"{app.pid}\n")), "measure": ["image"],
                        "image": image or {"layout": str(self.layout), "tag": "1"}}
        self.configure()
        return self.verdict()


def answers(app, path):
    """It serves what it was built for."""
    until = time.monotonic() + PATIENCE_S
    while True:
        assert app.poll() is None and time.monotonic() < until, "it does not serve"
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(str(path))
                s.sendall(b"GET / HTTP/1.0\r\n\r\n")
                answer = http.client.HTTPResponse(s)
                answer.begin()
                assert answer.read() == b"prices\n"
                return
        except (FileNotFoundError, ConnectionRefusedError):
            with contextlib.suppress(subprocess.TimeoutExpired):
                app.wait(0.02)


def is_possible():
    if os.geteuid() == 0 and shutil.which("umoci") and subprocess.run(["unshare", "-m", "true"], check=False).returncode == 0:
        return True
    print("     no umoci, or no mount namespaces here")
    return False


def from_build_to_run(make, victim, line):
    if not is_possible():
        return
    with Built(make) as g:
        run = ("--", "/bin/echo", "deployed")
        done = g.gate("--image", str(g.layout), "--summary", str(g.site.path("summary")), *run)
        assert (done.returncode, done.stdout) == (0, "deployed\n"), done
        assert "may start: affirming" in lines_of(done), done.stderr
        demand = ("--demand-summary", str(g.site.path("summary")), "--max-age", "600")
        assert g.gate("--image", str(g.layout), *demand, *run).returncode == 0

        # Somebody alters a file between build and deployment, and packs it as well as the build does.
        shutil.copytree(g.tree, g.dir / "altered", symlinks=True)
        with open(g.dir / "altered" / victim, "a", encoding="utf-8") as file:
            file.write(line)
        altered = g.build("layout2", g.dir / "altered")
        done = g.gate("--image", str(altered), *run)
        assert (done.returncode, done.stdout) == (1, ""), done
        assert f"files changed-file /{victim}" in lines_of(done), done.stderr
        done = g.gate("--image", str(altered), *demand, *run)
        assert (done.returncode, done.stdout) == (1, "") and "about the image" in lines_of(done), done

        with g.running() as (app, root):
            assert g.look_at(app) == ("affirming", set())
            with open(root / victim, "a", encoding="utf-8") as file:
                file.write(line)
            (root / "srv").mkdir(exist_ok=True)
            (root / "srv/added").write_text("x")
            status, findings = g.look_at(app)
            assert (status, findings) == (
                "contraindicated", {("unmatched-fact", "added"), ("unmatched-fact", "changed")}), findings
            told = " ".join(f["detail"] for f in g.appraisal()["hallmark.findings"])
            assert f"/{victim}" in told and "/srv/added" in told, told
        assert not [m for m in pathlib.Path("/proc/mounts").read_text().splitlines() if str(g.dir) in m]


def test_nginx_from_the_build_to_the_running_container():
    from_build_to_run(nginx_tree, "etc/nginx/nginx.conf", "# altered\n")


def test_python_from_the_build_to_the_running_container():
    from_build_to_run(python_tree, "srv/serve.py", "# altered\n")


def test_the_same_image_however_it_is_packed():
    """skopeo's archives, of OCI and of docker save: the first has the same artifact, the second none by its manifest."""
    if not is_possible() or not shutil.which("skopeo"):
        return
    with Built(python_tree) as g:
        summary = str(g.site.path("summary"))
        assert g.gate("--image", str(g.layout), "--summary", summary).returncode == 0
        for form in ("oci-archive", "docker-archive"):
            subprocess.run(["skopeo", "--insecure-policy", "copy", "-q", f"oci:{g.layout}:1", f"{form}:{g.dir / form}:app:1"],
                           check=True, capture_output=True, timeout=4 * PATIENCE_S)
            done = g.gate("--image", str(g.dir / form))
            assert done.returncode == 0, done
            done = g.gate("--image", str(g.dir / form), "--demand-summary", summary, "--max-age", "600")
            assert done.returncode == (0 if form == "oci-archive" else 1), done


if __name__ == "__main__":
    run_tests(__name__)
