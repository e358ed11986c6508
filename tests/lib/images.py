"""Images of containers made by hand, as builders make them and as none would; and what they unpack
to, by a second implementation (image-spec's layer.md and PROTOCOL.md's sets alone)."""

import gzip
import hashlib
import io
import json
import pathlib
import tarfile

OCI = "application/vnd.oci.image."
MANIFEST, INDEX, CONFIG = OCI + "manifest.v1+json", OCI + "index.v1+json", OCI + "config.v1+json"
LAYER = OCI + "layer.v1.tar"


def named(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def packed(content):
    return gzip.compress(content, mtime=0)


class Image:
    """Blobs, and an index of them. `layers` are tars; `edit` alters a document before it is named."""

    def __init__(self, *layers, platform=("linux", "amd64"), tag=None, pack=packed, edit=None):
        self.blobs, self.tars, self.tag = {}, list(layers), tag
        edit = edit or (lambda kind, document: document)
        stored = [self.add(LAYER + ("+gzip" if pack is packed else ""), pack(tar)) for tar in layers]
        self.config = self.add(CONFIG, self.json(edit("config", {
            "os": platform[0], "architecture": platform[1], **({"variant": platform[2]} if platform[2:] else {}),
            "config": {}, "rootfs": {"type": "layers", "diff_ids": [named(tar) for tar in layers]}})))
        self.manifest = self.add(MANIFEST, self.json(edit("manifest", {
            "schemaVersion": 2, "mediaType": MANIFEST, "config": self.config, "layers": stored})))
        self.manifest["platform"] = dict(zip(("os", "architecture", "variant"), platform))
        if tag:
            self.manifest["annotations"] = {"org.opencontainers.image.ref.name": tag}
        self.index = edit("index", {"schemaVersion": 2, "mediaType": INDEX, "manifests": [self.manifest]})

    @staticmethod
    def json(document):
        return document if isinstance(document, bytes) else json.dumps(document).encode()

    def add(self, kind, content):
        self.blobs[named(content)[7:]] = content
        return {"mediaType": kind, "digest": named(content), "size": len(content)}

    def join(self, *others):
        """An index of several."""
        for other in others:
            self.blobs.update(other.blobs)
            self.index["manifests"] += other.index["manifests"]
        return self

    def nest(self):
        """An index that is named by another one."""
        self.index = {"schemaVersion": 2, "manifests": [self.add(INDEX, self.json(self.index))]}
        return self

    def files(self):
        return {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": self.json(self.index),
                **{f"blobs/sha256/{name}": content for name, content in self.blobs.items()}}

    def layout(self, to):
        for name, content in self.files().items():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            (to / name).write_bytes(content)
        return to

    def archive(self):
        return flat(self.files())

    def docker(self, tags=("app:1",)):
        layers = [f"{named(tar)[7:]}/layer.tar" for tar in self.tars]
        config = self.config["digest"][7:]
        listed = [{"Config": config + ".json", "RepoTags": list(tags), "Layers": layers}]
        return flat({**dict(zip(layers, self.tars)), config + ".json": self.blobs[config],
                     "manifest.json": self.json(listed)})

    def skopeo(self, to):
        to.mkdir()
        (to / "version").write_text("Directory Transport Version: 1.1\n")
        (to / "manifest.json").write_bytes(self.blobs[self.manifest["digest"][7:]])
        for name, content in self.blobs.items():
            (to / name).write_bytes(content)
        return to


def flat(files):
    to = io.BytesIO()
    with tarfile.open(fileobj=to, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return to.getvalue()


def escaped(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace(" ", "\\s")


def lines(*tars):
    """The set of all layers, one over the other."""
    tree = {}
    for content in tars:
        laid = {}
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            members = [(pathlib.PurePosixPath(m.name), m) for m in archive]
            for path, m in members:
                if path.name == ".wh..wh..opq":
                    tree = {p: e for p, e in tree.items() if path.parent not in p.parents}
                elif path.name.startswith(".wh.") and not path.name.startswith(".wh..wh."):
                    gone = path.parent / path.name[4:]
                    tree = {p: e for p, e in tree.items() if p != gone and gone not in p.parents}
            for path, m in members:
                if path.name.startswith(".wh."):
                    continue
                if m.islnk():
                    target = pathlib.PurePosixPath(m.linkname)
                    laid[path] = laid.get(target) or tree[target]
                elif m.issym():
                    laid[path] = ("link", m.linkname, m.uid, m.gid, None)
                elif m.isreg():
                    digest = hashlib.sha256(archive.extractfile(m).read()).hexdigest()
                    laid[path] = ("file", digest, m.uid, m.gid, m.mode)
                else:
                    laid[path] = None
        for path, entry in laid.items():
            if entry is not None or tree.get(path) is not None:
                tree = {p: e for p, e in tree.items() if path not in p.parents or p in laid}
        tree.update(laid)
    made = []
    for path, entry in tree.items():
        if entry is not None:
            kind, what, uid, gid, mode = entry
            made.append((f"/{path}".encode(errors="surrogateescape"),
                         f"{kind} {escaped(what)} {escaped(f'/{path}')} uid={uid} gid={gid}"
                         + (f" mode={mode:04o}" if kind == "file" else "")))
    return [line for _, line in sorted(made)]
