"""hub.py - a small, faithful stand-in for the read side of the Hugging Face Hub (stdlib only).

  python3 hub.py ROOT [--port 18100] [--cdn-port 18101] [--tokens tokens.json] [--config faults.json]

ROOT/models/<org>/<name>/            files = one commit, or
ROOT/models/<org>/<name>/@commits/0001 title/...   one full tree per commit, oldest first
ROOT/models/<org>/<name>/@repo.json  optional metadata (see Repo.info).  datasets/ and spaces/ work the same way.
Git blob, tree and commit ids are computed exactly as git computes them; LFS files carry real pointer blobs.
"""

import argparse, base64, email.utils, fnmatch, functools, gzip, hashlib, hmac, io, json, os, re, socket, struct, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

LFS_DEFAULT = "*.7z *.arrow *.bin *.bz2 *.ckpt *.ftz *.gz *.h5 *.joblib *.mlmodel *.model *.msgpack *.npy *.npz *.onnx *.ot *.parquet *.pb *.pickle *.pkl *.pt *.pth *.rar *.safetensors *.tar *.tflite *.tgz *.wasm *.xz *.zip *.zst *.gguf".split()
TYPES = {"models": "model", "datasets": "dataset", "spaces": "space"}
T0 = 1700000000
DEFAULTS = {
    "page_size": 1000,
    "expand_page_size": 50,
    "list_page_size": 1000,
    "commits_page_size": 50,
    "resolve_cache": True,  # non-LFS files answer 307 -> /api/resolve-cache/... like huggingface.co
    "cdn": True,  # LFS files answer 302 -> other origin (signed URL)
    "cdn_ttl": 3600,
    "gzip_text": False,
    "no_range": False,
    "no_etag": False,
    "no_linked_size": False,
    "xet": False,  # advertise Xet on LFS files (the CAS behind it is not implemented)
    "xet_only": False,  # with xet: plain GET of an LFS file answers 403 on the CDN
    "rate_limit": None,  # {"after":20,"window":300,"reset":2,"style":"ratelimit|retry-after|none","status":429,"recover":true,"only":"regex"}
    "reset_after_bytes": None,
    "reset_times": 0,
    "reset_glob": "*",  # mid-transfer TCP RST
    "short_after_bytes": None,
    "short_times": 0,  # clean FIN before Content-Length is reached
    "corrupt": {},  # {"glob": "flip" | "zeros" | "append" | "truncate" | "swap:otherfile"}  bytes served, metadata unchanged
    "corrupt_times": None,  # so many answers a file, of those with its middle byte; None: all
    "slow_bps": None,
    "slow_glob": "*",
    "first_byte_delay": 0,
    "head_delay": 0,
    "inject": [],  # [{"match":"regex on 'METHOD path'","status":503,"times":2,"headers":{},"body":"","skip":0}]; "drop": true resets, "hold": true answers when the rule is gone
    "gated_readme_public": False,  # not verified what huggingface.co does today (hub issue #1579): test both
    "api_etag": True,  # metadata answers carry a weak ETag and heed If-None-Match
    "anon_missing_401": True,  # huggingface.co: unknown repo without token = 401, with a valid token = 404
}


def bytes_of(path):
    with open(path, "rb") as f:
        return f.read()


def text_of(path):
    return bytes_of(path).decode("utf-8", "replace")


def sha1(kind, data):
    return hashlib.sha1(b"%s %d\0" % (kind, len(data)) + data).hexdigest()


def iso(t):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(t))


@functools.lru_cache(16)
def sha256_kept(disk, size, mtime, inode):
    h = hashlib.sha256()
    with open(disk, "rb") as f:
        for b in iter(lambda: f.read(1 << 20), b""):
            h.update(b)
    return h.hexdigest()


def sha256_of(disk, *version):
    """Large files, which tests link and never write in place, are read once for many starts"""
    large = version[0] > 8 << 20
    return (sha256_kept if large else sha256_kept.__wrapped__)(disk, *version)


class File:
    __slots__ = ("path", "disk", "size", "oid", "lfs", "psize", "xet")

    def __init__(s, path, disk, lfs):
        s.path, s.disk, s.size = path, disk, os.path.getsize(disk)
        if lfs:
            real, st = os.path.realpath(disk), os.stat(disk)
            s.lfs = sha256_of(real, st.st_size, st.st_mtime_ns, st.st_ino)
            p = s.pointer()
            s.psize = len(p)
            s.oid = sha1(b"blob", p)
            s.xet = hashlib.blake2b(
                s.lfs.encode(), digest_size=32
            ).hexdigest()  # fake, only the format is right
        else:
            s.lfs = s.xet = None
            s.psize = 0
            with open(disk, "rb") as f:
                s.oid = sha1(b"blob", f.read())

    def pointer(s):
        return b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n" % (
            s.lfs.encode(),
            s.size,
        )

    @property
    def etag(s):
        return s.lfs or s.oid


class Commit:
    def __init__(s, base, title, parent, when, user):
        s.files, s.dirs, s.title, s.date, s.user, s.parent = {}, {}, title, when, user, parent
        pats, ga = list(LFS_DEFAULT), os.path.join(base, ".gitattributes")
        if os.path.isfile(ga):
            pats = [l.split()[0] for l in text_of(ga).splitlines() if "filter=lfs" in l]
        is_lfs = re.compile("|".join(map(fnmatch.translate, pats)) or r"(?!)").match
        for d, ds, fs in os.walk(base):
            ds[:] = [x for x in ds if not x.startswith("@")]
            for fn in fs:
                if fn.startswith("@"):
                    continue
                disk = os.path.join(d, fn)
                rel = os.path.relpath(disk, base).replace(os.sep, "/")
                lfs = is_lfs(fn) or is_lfs(rel) or os.path.getsize(disk) > 10 << 20
                s.files[rel] = File(rel, disk, lfs)

        def tree(prefix):
            kids = {}
            for p in s.files:
                if p.startswith(prefix):
                    r = p[len(prefix) :]
                    kids.setdefault(r.split("/")[0], "/" in r)
            ent = [(n + ("/" if isd else ""), n, isd) for n, isd in kids.items()]
            data = b""
            for _, n, isd in sorted(ent):
                oid = tree(prefix + n + "/") if isd else s.files[prefix + n].oid
                if isd:
                    s.dirs[prefix + n] = oid
                data += (b"40000 " if isd else b"100644 ") + n.encode() + b"\0" + bytes.fromhex(oid)
            return sha1(b"tree", data)

        s.tree = tree("")
        who = f"{user} <{user}@users.noreply.local> {when} +0000"
        body = (
            f"tree {s.tree}\n"
            + (f"parent {parent}\n" if parent else "")
            + f"author {who}\ncommitter {who}\n\n{title}\n"
        )
        s.sha = sha1(b"commit", body.encode())


class Repo:
    def __init__(s, rtype, rid, base):
        s.type, s.id, s.base = rtype, rid, base
        mj = os.path.join(base, "@repo.json")
        s.meta = json.loads(bytes_of(mj)) if os.path.isfile(mj) else {}
        cd = os.path.join(base, "@commits")
        s.commits, parent, user = [], None, s.meta.get("committer", rid.split("/")[0])
        srcs = sorted(os.listdir(cd)) if os.path.isdir(cd) else [None]
        for i, n in enumerate(srcs):
            if (at := s.meta.get("parents", {}).get(str(i), -1)) != -1:
                parent = None if at is None else s.commits[at].sha
            title = re.sub(r"^\d+[ _-]*", "", n) if n else s.meta.get("title", "initial commit")
            c = Commit(
                os.path.join(cd, n) if n else base,
                title or "commit",
                parent,
                s.meta.get("first_commit", T0) + 3600 * i,
                user,
            )
            s.commits.append(c)
            parent = c.sha
        s.branches = {
            k: s.commits[v].sha for k, v in {"main": -1, **s.meta.get("branches", {})}.items()
        }
        s.tags = {k: s.commits[v].sha for k, v in s.meta.get("tags_refs", {}).items()}
        s.prs = {str(k): s.commits[v].sha for k, v in s.meta.get("pull_requests", {}).items()}
        gone = s.meta.get("deleted", [])
        s.by_sha = {c.sha: c for c in s.commits if c.sha not in gone}

    def find(s, rev):
        for full in (rev, rev.replace("refs/heads/", "", 1)):
            for m in (s.branches, s.tags):
                if full in m:
                    return s.by_sha[m[full]]
        if rev.startswith("refs/pr/"):
            return s.by_sha.get(s.prs.get(rev[8:], ""))
        if re.fullmatch(r"[0-9a-f]{7,40}", rev):
            for sh, c in s.by_sha.items():
                if sh.startswith(rev):
                    return c

    def history(s, c):
        while c:
            yield c
            c = s.by_sha.get(c.parent)

    def last_commit(s, c, path):
        cur = s.entry_oid(c, path)
        last = c
        for h in s.history(c):
            if s.entry_oid(h, path) != cur:
                break
            last = h
        return {"id": last.sha, "title": last.title, "date": iso(last.date)}

    @staticmethod
    def entry_oid(c, p):
        return c.files[p].oid if p in c.files else c.dirs.get(p)

    # ---- derived metadata
    def card(s, c):
        if "cardData" in s.meta:
            return s.meta["cardData"]
        f = c.files.get("README.md")
        if not f:
            return None
        t = text_of(f.disk)
        m = re.match(r"^\ufeff?---\r?\n(.*?)\r?\n---", t, re.S)
        if not m:
            return None
        try:
            import yaml

            d = yaml.safe_load(m.group(1))
            return json.loads(json.dumps(d, default=str)) if isinstance(d, dict) else None
        except ImportError:
            return mini_yaml(m.group(1))
        except Exception:
            return None

    def safetensors(s, c):
        tot = {}
        for p, f in c.files.items():
            if p.endswith(".safetensors") and "/" not in p and not p.startswith("adapter"):
                for k, v in st_header(f.disk).items():
                    if k != "__metadata__":
                        n = 1
                        for d in v["shape"]:
                            n *= d
                        tot[v["dtype"]] = tot.get(v["dtype"], 0) + n
        return {"parameters": tot, "total": sum(tot.values())} if tot else None

    def config(s, c):
        f = c.files.get("config.json")
        if not f:
            return None
        try:
            d = json.loads(bytes_of(f.disk))
        except Exception:
            return None
        out = {
            k: d[k]
            for k in ("architectures", "model_type", "quantization_config", "auto_map")
            if k in d
        }
        tc = c.files.get("tokenizer_config.json")
        if tc:
            try:
                out["tokenizer_config"] = {
                    k: v
                    for k, v in json.loads(bytes_of(tc.disk)).items()
                    if k.endswith("_token") or k == "chat_template"
                }
            except (ValueError, AttributeError):  # no JSON object: the Hub is silent too
                pass
        return out

    def info(
        s,
        c,
        blobs=False,
        security=False,
        expand=None,
        listing=False,
        full=False,
        config=False,
        carddata=False,
    ):
        m, cd = s.meta, (s.card(c) or {})
        names = set(c.files)
        lib = (
            m.get("library_name")
            or cd.get("library_name")
            or (
                "diffusers"
                if "model_index.json" in names
                else "sentence-transformers"
                if "modules.json" in names
                else "peft"
                if "adapter_config.json" in names
                else "transformers"
                if "config.json" in names
                else None
            )
        )
        as_list = lambda v: v if isinstance(v, list) else [v] if v else []
        tags = list(m.get("tags", [])) or ([lib] if lib else []) + (
            ["safetensors"] if any(n.endswith(".safetensors") for n in names) else []
        ) + (["gguf"] if any(n.endswith(".gguf") for n in names) else []) + [
            str(t) for t in as_list(cd.get("tags"))
        ] + [str(t) for t in as_list(cd.get("language"))] + [
            f"license:{t}" for t in as_list(cd.get("license"))
        ] + [f"dataset:{t}" for t in as_list(cd.get("datasets"))] + [
            f"base_model:{t}" for t in as_list(cd.get("base_model"))
        ] + ["region:us"]
        sib = [{"rfilename": p} for p in sorted(names)]
        if blobs:
            for x in sib:
                f = c.files[x["rfilename"]]
                x.update(blobId=f.oid, size=f.size)
                if f.lfs:
                    x["lfs"] = {"sha256": f.lfs, "size": f.size, "pointerSize": f.psize}
        allp = {
            "author": s.id.split("/")[0] if "/" in s.id else None,
            "sha": c.sha,
            "lastModified": iso(c.date),
            "createdAt": iso(s.commits[0].date),
            "private": bool(m.get("private")),
            "gated": m.get("gated", False),
            "disabled": bool(m.get("disabled")),
            "downloads": m.get("downloads", 0),
            "downloadsAllTime": m.get("downloadsAllTime", m.get("downloads", 0)),
            "likes": m.get("likes", 0),
            "trendingScore": m.get("trendingScore", 0),
            "tags": tags,
            "pipeline_tag": m.get("pipeline_tag") or cd.get("pipeline_tag"),
            "library_name": lib,
            "cardData": cd or None,
            "config": s.config(c),
            "transformersInfo": m.get("transformersInfo"),
            "siblings": sib,
            "spaces": m.get("spaces", []),
            "safetensors": s.safetensors(c),
            "gguf": m.get("gguf"),
            "model-index": cd.get("model-index"),
            "widgetData": cd.get("widget"),
            "mask_token": m.get("mask_token"),
            "usedStorage": sum(f.size for cc in s.commits for f in cc.files.values()),
            "inference": m.get("inference"),
            "inferenceProviderMapping": m.get("inferenceProviderMapping"),
            "baseModels": m.get("baseModels"),
            "childrenModelCount": m.get("childrenModelCount"),
            "evalResults": m.get("evalResults"),
            "resourceGroup": None,
        }
        base = {"_id": hashlib.md5(s.id.encode()).hexdigest()[:24], "id": s.id}
        if s.type == "model":
            base["modelId"] = s.id
        if expand is not None:
            bad = [e for e in expand if e not in allp]
            if bad:
                raise ValueError(f'"expand" must be one of {sorted(allp)}; got {bad}')
            base.pop("modelId", None)
            base.update(
                {k: allp[k] for k in expand if allp[k] is not None or k in ("pipeline_tag",)}
            )
            return base
        keys = (
            [
                "likes",
                "private",
                "downloads",
                "tags",
                "pipeline_tag",
                "library_name",
                "createdAt",
                "trendingScore",
            ]
            if listing and not full
            else [
                "author",
                "sha",
                "lastModified",
                "private",
                "gated",
                "disabled",
                "downloads",
                "likes",
                "tags",
                "pipeline_tag",
                "library_name",
                "createdAt",
                "siblings",
            ]
        )
        if not listing:
            keys += [
                "cardData",
                "config",
                "transformersInfo",
                "spaces",
                "safetensors",
                "gguf",
                "model-index",
                "widgetData",
                "mask_token",
                "usedStorage",
                "inference",
            ]
        if config:
            keys.append("config")
        if carddata:
            keys.append("cardData")
        base.update({k: allp[k] for k in keys if allp[k] is not None})
        if security:
            base["securityRepoStatus"] = {
                "scansDone": True,
                "filesWithIssues": [
                    {"path": p, "level": l} for p, l in m.get("security", {}).items() if l != "safe"
                ],
            }
        return base

    def tree_entry(s, c, p, expand):
        f = c.files.get(p)
        e = (
            {"type": "file", "oid": f.oid, "size": f.size, "path": p}
            if f
            else {"type": "directory", "oid": c.dirs[p], "size": 0, "path": p}
        )
        if f and f.lfs:
            e["lfs"] = {"oid": f.lfs, "size": f.size, "pointerSize": f.psize}
            if CFG["xet"]:
                e["xetHash"] = f.xet
        if expand:
            e["lastCommit"] = s.last_commit(c, p)
            if f:
                st = s.meta.get("security", {}).get(p, "safe")
                pk = p.endswith((".bin", ".pt", ".pth", ".pkl", ".ckpt"))
                e["securityFileStatus"] = {
                    "status": st,
                    "jFrogScan": {"status": "unscanned"},
                    "protectAiScan": {"status": st},
                    "avScan": {"status": "safe", "version": "1.3.1"},
                    "pickleImportScan": {
                        "status": st,
                        "pickleImports": s.meta.get("pickle_imports", {}).get(p, []),
                        "version": "0.0.0",
                    }
                    if pk
                    else {"status": "unscanned", "pickleImports": [], "version": "0.0.0"},
                    "virusTotalScan": {"status": "unscanned"},
                }
        return e


def mini_yaml(t):
    out, key = {}, None
    for l in t.splitlines():
        if re.match(r"^[\w-]+:", l):
            key, v = l.split(":", 1)
            v = v.strip().strip("'\"")
            out[key] = v if v else []
        elif key and l.strip().startswith("- ") and isinstance(out.get(key), list):
            out[key].append(l.strip()[2:].strip("'\""))
    return out


_sth = {}


def st_header(disk):
    k = (disk, os.path.getmtime(disk))
    if k not in _sth:
        with open(disk, "rb") as f:
            n = struct.unpack("<Q", f.read(8))[0]
            try:
                _sth[k] = json.loads(f.read(n)) if n < 25_000_000 else {}
            except Exception:
                _sth[k] = {}
    return _sth[k]


CFG, REPOS, TOKENS, LOG, STATE, LOCK, SECRET, URLS = (
    dict(DEFAULTS),
    {},
    {},
    [],
    {"n": 0, "win": 0.0, "resets": {}, "inj": {}, "shorts": {}, "corrupted": {}},
    threading.RLock(),
    os.urandom(16),
    {},
)


def load(root):
    REPOS.clear()
    for plural in TYPES:
        top = os.path.join(root, plural)
        if not os.path.isdir(top):
            continue
        for o in sorted(os.listdir(top)):
            d = os.path.join(top, o)
            if not os.path.isdir(d):
                continue
            if (
                os.path.exists(os.path.join(d, "@repo.json"))
                or os.path.isdir(os.path.join(d, "@commits"))
                or any(os.path.isfile(os.path.join(d, x)) for x in os.listdir(d))
            ):
                REPOS[plural, o.lower()] = Repo(TYPES[plural], o, d)
                continue
            for n in sorted(os.listdir(d)):
                if os.path.isdir(os.path.join(d, n)):
                    REPOS[plural, f"{o}/{n}".lower()] = Repo(
                        TYPES[plural], f"{o}/{n}", os.path.join(d, n)
                    )


class Stop(Exception):
    pass


class Base(BaseHTTPRequestHandler):
    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.1"
    server_version = "standin-hub"
    sys_version = ""
    role = "hub"

    def log_message(s, *a):
        pass

    def do_GET(s):
        s.go()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_GET

    def go(s):
        s.u = urlsplit(s.path)
        s.q = parse_qs(s.u.query, keep_blank_values=True)
        s.t = time.time()
        s.sent = 0
        s.status = None
        n = int(s.headers.get("Content-Length") or 0)
        s.body = s.rfile.read(n) if n else b""
        # Noted before it is answered: a client that has its answer finds its request in the log.
        note = s.note = {
            "t": round(s.t, 3),
            "srv": s.role,
            "method": s.command,
            "path": s.path,
            "headers": {k: v for k, v in s.headers.items()},
            "body": s.body.decode("latin1")[:400],
            "status": None,
            "sent": 0,
        }
        if not s.u.path.startswith("/__standin__"):
            with LOCK:
                LOG.append(note)
        try:
            s.route()
        except Stop:
            pass
        except (BrokenPipeError, ConnectionResetError):
            s.close_connection = True
        finally:
            note.update(status=s.status, sent=s.sent, ms=round((time.time() - s.t) * 1000, 1))

    def send(s, status, body=b"", headers=None, ctype="application/json; charset=utf-8"):
        if isinstance(body, (dict, list)):
            body = json.dumps(body, ensure_ascii=False).encode()
        elif isinstance(body, str):
            body = body.encode()
        h = {
            "Content-Type": ctype,
            "Content-Length": str(len(body)),
            "X-Request-Id": "Root=1-" + os.urandom(8).hex(),
            "Access-Control-Expose-Headers": "X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Accept-Ranges,Content-Range,X-Linked-Size,X-Linked-ETag,X-Xet-Hash",
        }
        h.update(getattr(s, "rl", None) or {})
        h.update(headers or {})
        s.status = s.note["status"] = status
        s.send_response(status)
        for k, v in h.items():
            for x in v if isinstance(v, list) else [v]:
                s.send_header(k, x)
        s.end_headers()
        if s.command != "HEAD":
            s.wfile.write(body)
            s.sent += len(body)

    def err(s, status, code, msg, **h):
        hh = {"X-Error-Message": msg}
        if code:
            hh["X-Error-Code"] = code
        if status == 401:
            hh["WWW-Authenticate"] = 'Bearer realm="Authentication required", charset="UTF-8"'
        hh.update({k.replace("_", "-"): v for k, v in h.items()})
        if "/resolve/" in s.u.path:
            s.send(status, msg, hh, "text/plain; charset=utf-8")
        else:
            s.send(status, {"error": msg}, hh)
        raise Stop

    def inject(s):
        for i, r in enumerate(CFG["inject"]):
            if re.search(r["match"], f"{s.command} {s.u.path}"):
                with LOCK:
                    k = STATE["inj"][i] = STATE["inj"].get(i, 0) + 1
                if r.get("skip", 0) < k <= r.get("skip", 0) + r.get("times", 10**9):
                    if r.get("hold"):
                        while r in CFG["inject"]:
                            time.sleep(0.05)
                        return
                    if r.get("drop"):
                        s.rst()
                        raise Stop
                    s.send(r["status"], r.get("body", ""), {**r.get("headers", {})}, "text/plain")
                    raise Stop

    def rst(s):
        s.status = s.note["status"] = s.status or "RST"
        s.close_connection = True
        s.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        try:
            s.wfile.flush()
        except OSError:
            pass
        os.close(s.connection.detach())
        s.wfile._sock = None

    def finish(s):
        try:
            super().finish()
        except (OSError, ValueError, AttributeError):
            pass

    def may_corrupt(s, f):
        if CFG["corrupt_times"] is None:
            return True
        m = re.fullmatch(r"\s*bytes=(\d+)-(\d*)\s*", s.headers.get("Range") or "")
        lo, hi = (int(m[1]), int(m[2] or f.size)) if m else (0, f.size)
        with LOCK:
            done = STATE["corrupted"].get(f.path, 0)
            if s.command != "GET" or not lo <= f.size // 2 <= hi or done >= CFG["corrupt_times"]:
                return False
            STATE["corrupted"][f.path] = done + 1
            return True

    def serve(s, f, headers, fmatch):
        """body of a file with Range / If-Range and the configured faults"""
        data = None
        for g, how in CFG["corrupt"].items():
            if fnmatch.fnmatch(f.path, g) and s.may_corrupt(f):
                data = corrupt(bytes_of(f.disk), how, f)
        size = f.size if data is None else len(data)
        etag = headers.get("ETag", "")
        if s.headers.get("If-None-Match") and etag and etag in s.headers["If-None-Match"]:
            s.send(304, b"", headers)
            return
        lo, hi, st = 0, size - 1, 200
        rng = s.headers.get("Range")
        ir = s.headers.get("If-Range")
        if rng and not CFG["no_range"] and (not ir or ir == etag):
            m = re.fullmatch(r"\s*bytes=(\d*)-(\d*)\s*", rng)
            if m and (m[1] or m[2]):
                if m[1]:
                    lo, hi = int(m[1]), min(int(m[2]), size - 1) if m[2] else size - 1
                else:
                    lo = max(size - int(m[2]), 0)
                if lo >= size or lo > hi:
                    s.send(416, b"", {**headers, "Content-Range": f"bytes */{size}"})
                    return
                st = 206
        h = dict(headers)
        h["Content-Length"] = str(max(hi - lo + 1, 0))
        h.setdefault("Content-Type", "application/octet-stream")
        if not CFG["no_range"]:
            h["Accept-Ranges"] = "bytes"
        if st == 206:
            h["Content-Range"] = f"bytes {lo}-{hi}/{size}"
        if (
            CFG["gzip_text"]
            and not f.lfs
            and st == 200
            and "gzip" in (s.headers.get("Accept-Encoding") or "")
            and s.command == "GET"
        ):
            z = gzip.compress(data if data is not None else bytes_of(f.disk))
            h.pop("Accept-Ranges", 0)
            s.send(
                200,
                z,
                {**h, "Content-Encoding": "gzip", "Content-Length": str(len(z))},
                h["Content-Type"],
            )
            return
        s.status = s.note["status"] = st
        s.send_response(st)
        for k, v in {**(getattr(s, "rl", None) or {}), **h}.items():
            for x in v if isinstance(v, list) else [v]:
                s.send_header(k, x)
        s.end_headers()
        if s.command == "HEAD":
            return
        cut = kill = None
        with LOCK:
            if (
                CFG["reset_after_bytes"] is not None
                and fnmatch.fnmatch(f.path, CFG["reset_glob"])
                and STATE["resets"].get(f.path, 0) < CFG["reset_times"]
            ):
                STATE["resets"][f.path] = STATE["resets"].get(f.path, 0) + 1
                kill = CFG["reset_after_bytes"]
            elif (
                CFG["short_after_bytes"] is not None
                and fnmatch.fnmatch(f.path, CFG["reset_glob"])
                and STATE["shorts"].get(f.path, 0) < CFG["short_times"]
            ):
                STATE["shorts"][f.path] = STATE["shorts"].get(f.path, 0) + 1
                cut = CFG["short_after_bytes"]
        slow = CFG["slow_bps"] if fnmatch.fnmatch(f.path, CFG["slow_glob"]) else None
        if CFG["first_byte_delay"]:
            time.sleep(CFG["first_byte_delay"])
        limit = kill if kill is not None else cut
        with io.BytesIO(data) if data is not None else open(f.disk, "rb") as body:
            body.seek(lo)
            s.pour(body, hi - lo + 1, slow, limit, reset=kill is not None)

    def pour(s, body, left, slow, limit, reset):
        step = 65536 if not slow else max(1, min(65536, slow // 10))
        while left > 0:
            n = min(step, left) if limit is None else min(step, left, max(limit - s.sent, 0))
            if n == 0:
                if not reset:
                    s.close_connection = True
                    return
                s.wfile.flush()
                time.sleep(0.05)
                s.rst()
                return
            b = body.read(n)
            s.wfile.write(b)
            s.sent += len(b)
            left -= len(b)
            if slow:
                time.sleep(len(b) / slow)


def corrupt(b, how, f):
    if how == "flip":
        m = bytearray(b)
        i = len(m) // 2
        m[i] ^= 0xFF
        return bytes(m)
    if how == "zeros":
        return bytes(len(b))
    if how == "append":
        return b + b"\0EXTRA"
    if how == "truncate":
        return b[: len(b) // 2]
    if how.startswith("swap:"):
        return bytes_of(how[5:])
    return b


class CDN(Base):
    role = "cdn"

    def route(s):
        s.inject()
        p = s.u.path.strip("/").split("/")
        if len(p) != 3 or p[0] != "repos" or p[2] not in URLS:
            s.send(404, "<Error><Code>NoSuchKey</Code></Error>", {}, "application/xml")
            return
        f = URLS[p[2]]
        exp = (s.q.get("Expires") or ["0"])[0]
        sig = (s.q.get("Signature") or [""])[0]
        good = hmac.new(SECRET, f"{p[2]}:{exp}".encode(), "sha256").hexdigest()
        if CFG["xet_only"] or not hmac.compare_digest(sig, good) or time.time() > float(exp or 0):
            s.send(
                403,
                "<Error><Code>AccessDenied</Code><Message>Access denied</Message></Error>",
                {},
                "application/xml",
            )
            return
        if s.headers.get("Authorization"):
            s.send(
                400,
                "<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed</Message></Error>",
                {},
                "application/xml",
            )
            return  # S3 does exactly this
        fn = os.path.basename(f.path)
        h = {
            "Content-Type": "binary/octet-stream",
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(fn)}; filename=\"{quote(fn)}\";",
            "Last-Modified": email.utils.formatdate(T0, usegmt=True),
        }
        if not CFG["no_etag"]:
            h["ETag"] = f'"{f.lfs}"'
        s.serve(f, h, fn)


class Hub(Base):
    def route(s):
        p = s.u.path
        if p.startswith("/__standin__"):
            return s.admin(p)
        if CFG["head_delay"] and s.command == "HEAD":
            time.sleep(CFG["head_delay"])
        s.inject()
        s.limit()
        s.user = s.auth()
        if p == "/.well-known/openapi.json":
            return s.send(200, {"openapi": "3.1.0", "info": {"title": "standin hub"}, "paths": {}})
        seg = p.split("/")[1:]  # still percent-encoded: %2F inside a segment is data
        if seg[0] == "api":
            if p == "/api/whoami-v2":
                return s.whoami()
            if p.startswith("/api/telemetry"):
                return s.send(200)
            if p == "/api/agent-harnesses":
                return s.send(200, {"standardEnvVars": [], "harnesses": {}})
            if p in ("/api/models-tags-by-type", "/api/datasets-tags-by-type"):
                return s.send(200, {})
            if len(seg) > 1 and seg[1] == "resolve-cache" and len(seg) > 5:
                return s.resolve_cache(seg[2:])
            if len(seg) > 1 and seg[1] in TYPES:
                return s.api(seg[1], seg[2:])
            return s.err(404, None, "Sorry, we can't find the page you are looking for.")
        if seg[0] == "v2":
            return s.oci(seg)
        plural = "models"
        if seg[0] in ("datasets", "spaces"):
            plural = seg.pop(0)
        for i in (1, 2):
            if len(seg) > i + 1 and seg[i] in ("resolve", "raw", "blob", "tree"):
                return s.file(
                    plural,
                    "/".join(map(unquote, seg[:i])),
                    seg[i],
                    unquote(seg[i + 1]),
                    "/".join(map(unquote, seg[i + 2 :])),
                )
        if p == "/":
            return s.send(200, "<html>standin hub</html>", {}, "text/html")
        r = REPOS.get((plural, unquote("/".join(seg)).lower()))
        if r and r.meta.get("renamed_to"):
            return s.send(307, b"", {"Location": "/" + r.meta["renamed_to"]})
        s.send(200 if r else 404, "<html>%s</html>" % ("repo" if r else "404"), {}, "text/html")

    # ---- admin
    def admin(s, p):
        if p.endswith("/config") and s.command == "POST":
            d = json.loads(s.body)
            bad = set(d) - set(DEFAULTS)
            if bad:
                return s.send(400, {"unknown": sorted(bad)})
            with LOCK:
                CFG.update(d)
                STATE.update(n=0, win=0.0, resets={}, inj={}, shorts={}, corrupted={})
            return s.send(200, CFG)
        if p.endswith("/reset"):
            with LOCK:
                CFG.clear()
                CFG.update(json.loads(json.dumps(DEFAULTS)))
                STATE.update(n=0, win=0.0, resets={}, inj={}, shorts={}, corrupted={})
                LOG.clear()
            return s.send(200, {"ok": True})
        if p.endswith("/reload"):
            load(ROOT)
            return s.send(200, {"repos": len(REPOS)})
        if p.endswith("/log"):
            with LOCK:
                out = list(LOG)
                (LOG.clear() if "clear" in s.q else None)
            return s.send(200, out)
        if p.endswith("/repos"):
            return s.send(
                200,
                [
                    {
                        "id": r.id,
                        "type": r.type,
                        "commits": [c.sha for c in r.commits],
                        "files": sorted(r.commits[-1].files),
                    }
                    for r in REPOS.values()
                ],
            )
        s.send(404)

    # ---- rate limiting (fixed window, IETF draft-9 headers as the Hub sends them)
    def limit(s):
        s.rl, rl = None, CFG["rate_limit"]
        kind = (
            "resolvers"
            if "/resolve/" in s.u.path or "resolve-cache" in s.u.path
            else "api"
            if s.u.path.startswith("/api/")
            else "pages"
        )
        if not rl or (rl.get("only") and not re.search(rl["only"], s.u.path)):
            return
        with LOCK:
            now, win = time.time(), rl.get("window", 300)
            reset = rl.get("reset", win)
            if STATE["win"] and now > STATE["win"]:
                STATE.update(n=0, win=0.0)
            STATE["n"] += 1
            over = STATE["n"] > rl["after"]
            if over and not STATE["win"] and rl.get("recover", True):
                STATE["win"] = now + reset
            left = max(rl["after"] - STATE["n"], 0)
            t = max(int(STATE["win"] - now + 0.999), 0) if STATE["win"] else reset
        st = rl.get("style", "ratelimit")
        if st == "ratelimit":
            s.rl = {
                "RateLimit": f'"{kind}";r={left};t={t}',
                "RateLimit-Policy": f'"fixed window";"{kind}";q={rl["after"]};w={win}',
            }
        if over:
            h = {"Retry-After": str(t)} if st == "retry-after" else {}
            s.send(
                rl.get("status", 429),
                {
                    "error": f"We had to rate limit your IP ({s.client_address[0]}). To continue using our service, create a HF account or login to your existing account, and make sure you pass a HF_TOKEN if you're using the API."
                },
                {**h, "X-Error-Message": "We had to rate limit your IP."},
            )
            raise Stop

    # ---- auth
    def auth(s):
        a = s.headers.get("Authorization")
        if not a:
            return None
        tok = a.split(" ", 1)[1] if " " in a else a
        if tok not in TOKENS:
            s.err(401, None, "Invalid credentials in Authorization header")
        return TOKENS[tok]

    def whoami(s):
        if not s.user:
            return s.err(401, None, "Invalid username or password.")
        u = s.user
        s.send(
            200,
            {
                "type": "user",
                "id": hashlib.md5(u["name"].encode()).hexdigest()[:24],
                "name": u["name"],
                "fullname": u.get("fullname", u["name"]),
                "email": u.get("email", u["name"] + "@example.org"),
                "emailVerified": True,
                "canPay": False,
                "periodEnd": None,
                "isPro": u.get("isPro", False),
                "avatarUrl": "/avatars/x.svg",
                "orgs": [
                    {
                        "type": "org",
                        "id": hashlib.md5(o.encode()).hexdigest()[:24],
                        "name": o,
                        "fullname": o,
                        "isEnterprise": False,
                        "roleInOrg": "read",
                    }
                    for o in u.get("orgs", [])
                ],
                "auth": {
                    "type": "access_token",
                    "accessToken": {
                        "displayName": u.get("token_name", "test"),
                        "role": u.get("role", "read"),
                        "createdAt": iso(T0),
                    },
                },
            },
        )

    def repo(s, plural, rid, files=False, path=None):
        r = REPOS.get((plural, rid.lower()))
        u = s.user
        if r and r.meta.get("renamed_to"):
            s.send(
                307,
                {"url": (n := s.path.replace(rid, r.meta["renamed_to"], 1))}
                if s.u.path.startswith("/api/")
                else f"Temporary Redirect. Redirecting to {n}"
                if (n := s.path.replace(rid, r.meta["renamed_to"], 1))
                else "",
                {"Location": n},
            )
            raise Stop
        member = bool(
            r
            and u
            and (
                u.get("admin")
                or r.id.split("/")[0] in [u["name"], *u.get("orgs", [])]
                or r.id in u.get("access", [])
            )
        )
        if not r or (r.meta.get("private") and not member):
            if not u and CFG["anon_missing_401"]:
                s.err(401, "RepoNotFound", "Invalid username or password.")
            s.err(404, "RepoNotFound", "Repository not found")
        if r.meta.get("disabled"):
            s.err(403, None, "Access to this resource is disabled.")
        if (
            files
            and r.meta.get("gated")
            and not member
            and not (CFG["gated_readme_public"] and path in ("README.md", ".gitattributes"))
        ):
            if not u:
                s.err(
                    401,
                    "GatedRepo",
                    f"Access to {r.type} {r.id} is restricted. You must have access to it and be authenticated to access it. Please log in.",
                )
            if r.id in u.get("pending", []):
                s.err(
                    403,
                    "GatedRepo",
                    f"Your request to access {r.type} {r.id} is awaiting a review from the repo authors.",
                )
            s.err(
                403,
                "GatedRepo",
                f"Access to {r.type} {r.id} is restricted and you are not in the authorized list. Visit https://huggingface.co/{r.id} to ask for access.",
            )
        return r

    def rev(s, r, rev):
        c = r.find(rev)
        if not c:
            s.err(404, "RevisionNotFound", f"Invalid rev id: {rev}")
        return c

    def flag(s, k):
        return (s.q.get(k) or ["false"])[0].lower() in ("true", "1", "")

    def qlist(s, k):
        return [x for key in (k, k + "[]") for v in s.q.get(key, []) for x in v.split(",") if x]

    def page(s, items, size):
        off = int(base64.urlsafe_b64decode((s.q.get("cursor") or ["MA=="])[0]).decode() or 0)
        h = {}
        if off + size < len(items):
            q = [(k, v) for k, vs in s.q.items() if k != "cursor" for v in vs] + [
                ("cursor", base64.urlsafe_b64encode(str(off + size).encode()).decode())
            ]
            h["Link"] = f'<http://{s.headers.get("Host")}{s.u.path}?{urlencode(q)}>; rel="next"'
        return items[off : off + size], h

    # ---- /api/models...
    def api(s, plural, seg):
        if not seg or seg == [""]:
            return s.listing(plural)
        SUB = (
            "revision",
            "tree",
            "paths-info",
            "refs",
            "commits",
            "resolve",
            "auth-check",
            "safetensors-metadata",
            "discussions",
            "xet-read-token",
            "security",
            "scan",
        )
        n = 1 if len(seg) == 1 or seg[1] in SUB else 2
        rid = "/".join(map(unquote, seg[:n]))
        sub, rest = (seg[n] if len(seg) > n else None), [unquote(x) for x in seg[n + 1 :]]
        r = s.repo(plural, rid)
        if sub in (None, "revision"):
            c = s.rev(r, rest[0] if sub else "main")
            exp = s.qlist("expand")
            try:
                d = r.info(c, s.flag("blobs"), s.flag("securityStatus"), exp or None)
                h = {"X-Repo-Commit": c.sha}
                if CFG["api_etag"]:
                    h["ETag"] = f'W/"{sha1(b"info", json.dumps(d).encode())}"'
                    if s.headers.get("If-None-Match") == h["ETag"]:
                        return s.send(304, b"", h)
                return s.send(200, d, h)
            except ValueError as e:
                return s.err(400, None, str(e))
        if sub == "refs":
            d = {
                "branches": [
                    {"name": k, "ref": f"refs/heads/{k}", "targetCommit": v}
                    for k, v in r.branches.items()
                ],
                "converts": [],
                "tags": [
                    {"name": k, "ref": f"refs/tags/{k}", "targetCommit": v}
                    for k, v in r.tags.items()
                ],
            }
            if s.flag("include_prs"):
                d["pullRequests"] = [
                    {"name": k, "ref": f"refs/pr/{k}", "targetCommit": v} for k, v in r.prs.items()
                ]
            return s.send(200, d)
        if sub == "commits":
            c = s.rev(r, rest[0])
            items = []
            for h in r.history(c):
                e = {
                    "id": h.sha,
                    "title": h.title,
                    "message": "",
                    "authors": [{"user": h.user, "avatar": "/avatars/x.svg"}],
                    "date": iso(h.date),
                }
                if "formatted" in s.qlist("expand"):
                    e["formatted"] = {"title": h.title, "message": ""}
                items.append(e)
            pg, h = s.page(items, int((s.q.get("limit") or [CFG["commits_page_size"]])[0]))
            return s.send(200, pg, {**h, "X-Total-Count": str(len(items))})
        if sub == "tree":
            c = s.rev(r, rest[0] if rest else "main")
            d = "/".join(rest[1:]).strip("/")
            ex, rec = s.flag("expand"), s.flag("recursive")
            if d and d not in c.dirs:
                s.err(
                    404, "EntryNotFound", f'{d} does not exist on "{rest[0]}"', X_Repo_Commit=c.sha
                )
            pre = d + "/" if d else ""
            names = sorted(
                [
                    p
                    for p in (*c.dirs, *c.files)
                    if p.startswith(pre) and (rec or "/" not in p[len(pre) :])
                ],
                key=lambda p: (p in c.files, p) if not rec else (0, p),
            )
            pg, h = s.page(
                names,
                min(
                    int((s.q.get("limit") or [10**9])[0]),
                    CFG["expand_page_size" if ex else "page_size"],
                ),
            )
            return s.send(200, [r.tree_entry(c, p, ex) for p in pg], h)
        if sub == "paths-info":
            c = s.rev(r, rest[0] if rest else "main")
            if "json" in (s.headers.get("Content-Type") or ""):
                b = json.loads(s.body or b"{}")
                paths, ex = b.get("paths", []), b.get("expand", False)
            else:
                b = parse_qs(s.body.decode())
                paths, ex = (
                    b.get("paths", []),
                    (b.get("expand") or ["false"])[0].lower() in ("true", "1"),
                )
            return s.send(
                200,
                [
                    r.tree_entry(c, p, ex)
                    for p in ([paths] if isinstance(paths, str) else paths)
                    if p in c.files or p in c.dirs
                ],
            )
        if sub == "auth-check":
            s.repo(plural, rid, files=True)
            return s.send(200, {"ok": True})
        if sub == "resolve":
            return s.file(plural, rid, "resolve", rest[0], "/".join(rest[1:]))
        if sub == "discussions":
            return s.send(
                200, {"discussions": [], "count": 0, "start": 0, "numClosedDiscussions": 0}
            )
        if sub == "safetensors-metadata":
            s.repo(plural, rid, files=True)
            c = s.rev(r, "main")
            f = c.files.get("/".join(rest))
            if not f:
                s.err(404, "EntryNotFound", "Entry not found", X_Repo_Commit=c.sha)
            ix = json.loads(bytes_of(f.disk))
            return s.send(
                200,
                {
                    "index": {"metadata": ix.get("metadata")},
                    "headers": {
                        x: st_header(c.files[x].disk)
                        for x in sorted(set(ix["weight_map"].values()))
                    },
                },
            )
        if sub == "xet-read-token":
            if not CFG["xet"]:
                s.err(404, "EntryNotFound", "Xet is not enabled")
            s.repo(plural, rid, files=True)
            return s.send(
                200,
                {},
                {
                    "X-Xet-Cas-Url": f"http://{CDN_HOST}:{CDN_PORT}/xet-not-implemented",
                    "X-Xet-Access-Token": "xet_x",
                    "X-Xet-Token-Expiration": str(int(time.time()) + 900),
                },
            )
        s.err(404, None, "Not found")

    def listing(s, plural):
        g = lambda k: (s.q.get(k) or [None])[0]
        rs = []
        for (pl, _), r in REPOS.items():
            if (
                pl != plural
                or r.meta.get("renamed_to")
                or (
                    r.meta.get("private")
                    and not (
                        s.user
                        and (
                            s.user.get("admin")
                            or r.id.split("/")[0] in [s.user["name"], *s.user.get("orgs", [])]
                        )
                    )
                )
            ):
                continue
            c = r.by_sha[r.branches["main"]]
            i = r.info(c, listing=True, full=True)
            pool = {str(x).lower() for x in i["tags"]} | {
                str(i.get("pipeline_tag")).lower(),
                str(i.get("library_name")).lower(),
            }
            if g("search") and g("search").lower() not in r.id.lower():
                continue
            if g("author") and g("author").lower() != r.id.split("/")[0].lower():
                continue
            if g("pipeline_tag") and g("pipeline_tag") != i.get("pipeline_tag"):
                continue
            if any(
                f.lower() not in pool
                for k in ("filter", "library", "tags", "language", "license")
                for f in s.qlist(k)
            ):
                continue
            if g("gated") and (g("gated").lower() == "true") != bool(i.get("gated")):
                continue
            rs.append((r, c))
        key = g("sort") or "trendingScore"
        al = {
            "last_modified": "lastModified",
            "created_at": "createdAt",
            "trending_score": "trendingScore",
        }
        ex = s.qlist("expand")
        out = []
        rs.sort(
            key=lambda x: (
                x[0].info(x[1], expand=[al.get(key, key)]).get(al.get(key, key)) or 0
                if key not in ("lastModified", "createdAt")
                else x[1].date
            ),
            reverse=g("direction") != "1",
        )
        for r, c in rs:
            try:
                out.append(
                    r.info(
                        c,
                        listing=True,
                        full=s.flag("full"),
                        config=s.flag("config"),
                        carddata=s.flag("cardData") or (s.flag("full")),
                        expand=ex or None,
                    )
                )
            except ValueError as e:
                s.err(400, None, str(e))
        pg, h = s.page(out, min(int(g("limit") or 10**9), CFG["list_page_size"]))
        s.send(200, pg, h)

    # ---- files
    def file(s, plural, rid, verb, rev, path, redirect=302):
        if verb in ("blob", "tree"):
            r = s.repo(plural, rid)
            return s.send(200, "<html>page</html>", {}, "text/html")
        r = s.repo(plural, rid, files=True, path=path)
        c = s.rev(r, rev)
        f = c.files.get(path)
        if not f:
            s.err(404, "EntryNotFound", "Entry not found", X_Repo_Commit=c.sha)
        h = {
            "X-Repo-Commit": c.sha,
            "Cache-Control": "no-cache",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Content-Disposition": f"inline; filename*=UTF-8''{quote(os.path.basename(path))}; filename=\"{quote(os.path.basename(path))}\";",
        }
        if verb == "raw":
            d = f.pointer() if f.lfs else bytes_of(f.disk)
            return s.send(200, d, {**h, "ETag": f'"{f.oid}"'}, "text/plain; charset=utf-8")
        if f.lfs and CFG["cdn"]:
            with LOCK:
                URLS[f.lfs] = f
            exp = str(int(time.time()) + CFG["cdn_ttl"])
            sig = hmac.new(SECRET, f"{f.lfs}:{exp}".encode(), "sha256").hexdigest()
            h.update(
                {
                    "Location": f"http://{CDN_HOST}:{CDN_PORT}/repos/{hashlib.md5(r.id.encode()).hexdigest()}/{f.lfs}?"
                    + urlencode(
                        {
                            "response-content-disposition": h["Content-Disposition"],
                            "Expires": exp,
                            "Signature": sig,
                            "Key-Pair-Id": "STANDIN",
                        }
                    ),
                    "X-Linked-Size": str(f.size),
                    "X-Linked-ETag": f'"{f.lfs}"',
                    "Vary": "Origin, Accept",
                }
            )
            if CFG["no_etag"]:
                h.pop("X-Linked-ETag")
            if CFG["no_linked_size"]:
                h.pop("X-Linked-Size")
            if CFG["xet"]:
                ep = f"http://{s.headers.get('Host')}"
                h["X-Xet-Hash"] = f.xet
                h["Link"] = (
                    f'<{ep}/api/{plural}/{r.id}/xet-read-token/{c.sha}>; rel="xet-auth", <http://{CDN_HOST}:{CDN_PORT}/xet-not-implemented/v1/reconstructions/{f.xet}>; rel="xet-reconstruction-info"'
                )
            return s.send(
                redirect, f"Found. Redirecting to {h['Location']}", h, "text/plain; charset=utf-8"
            )
        if not f.lfs and CFG["resolve_cache"] and plural != "spaces":
            loc = f"/api/resolve-cache/{plural}/{r.id}/{c.sha}/{quote(path, safe='')}?" + urlencode(
                {f"/{r.id}/resolve/{rev}/{path}": "", "etag": f'"{f.oid}"'}
            )
            return s.send(
                307,
                f"Temporary Redirect. Redirecting to {loc}",
                {**h, "Location": loc, "X-Linked-Size": str(f.size), "X-Linked-ETag": f'"{f.oid}"'},
                "text/plain; charset=utf-8",
            )
        if not CFG["no_etag"]:
            h["ETag"] = f'"{f.etag}"'
        h["Content-Type"] = "application/octet-stream" if f.lfs else "text/plain; charset=utf-8"
        s.serve(f, h, path)

    def resolve_cache(s, seg):
        plural, n = (
            seg[0],
            2
            if len(seg) > 4
            or re.fullmatch(r"[0-9a-f]{40}", seg[3])
            and not re.fullmatch(r"[0-9a-f]{40}", seg[2])
            else 1,
        )
        rid = "/".join(map(unquote, seg[1 : 1 + n]))
        path = unquote("/".join(seg[2 + n :]))
        r = s.repo(plural, rid, files=True, path=path)
        c = s.rev(r, seg[1 + n])
        f = c.files.get(path)
        if not f:
            s.err(404, "EntryNotFound", "Entry not found", X_Repo_Commit=c.sha)
        h = {
            "X-Repo-Commit": c.sha,
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Disposition": f"inline; filename*=UTF-8''{quote(os.path.basename(path))}; filename=\"{quote(os.path.basename(path))}\";",
            "Vary": "Origin",
        }
        if not CFG["no_etag"]:
            h["ETag"] = f'"{f.oid}"'
        s.serve(f, h, path)

    # ---- OCI facade used by `ollama pull hf.co/org/repo:QUANT` and older llama.cpp -hf
    def oci(s, seg):
        if len(seg) < 4:
            return s.send(200, {}, {"Docker-Distribution-Api-Version": "registry/2.0"})
        i = next((k for k, x in enumerate(seg) if x in ("manifests", "blobs")), None)
        if i is None:
            return s.send(404, {"errors": [{"code": "NAME_UNKNOWN"}]})
        rid = "/".join(map(unquote, seg[1:i]))
        r = s.repo("models", rid, files=True)
        c = s.rev(r, "main")
        what = unquote(seg[i + 1])
        if seg[i] == "blobs":
            for f in c.files.values():
                if f.lfs and what == "sha256:" + f.lfs:
                    return s.file(
                        "models", r.id, "resolve", c.sha, f.path, 307
                    )  # Ollama accepts only 307 (or 200 + Location) here
            if what in STATE.get("oci", {}):
                return s.send(200, STATE["oci"][what])
            return s.send(404, {"errors": [{"code": "BLOB_UNKNOWN"}]})
        gg = [f for p, f in sorted(c.files.items()) if p.endswith(".gguf") and "mmproj" not in p]
        tag = "" if what == "latest" else what
        pick = (
            [f for f in gg if re.search(re.escape(tag) + r"[.-]", f.path, re.I)]
            if tag
            else [f for q in ("Q4_K_M", "") for f in gg if q.lower() in f.path.lower()]
        )
        if not pick:
            return s.send(
                400 if gg else 404,
                {
                    "error": f'The specified tag is not available in the repository. Please use another tag or "latest"'
                    if gg
                    else "Repository is not GGUF or is not compatible with llama.cpp"
                },
            )
        f = pick[0]
        cfg = json.dumps(
            {
                "model_format": "gguf",
                "model_family": "llama",
                "model_families": ["llama"],
                "model_type": "",
                "file_type": tag or "unknown",
                "architecture": "amd64",
                "os": "linux",
                "rootfs": {"type": "layers", "diff_ids": ["sha256:" + f.lfs]},
            }
        ).encode()
        cd = "sha256:" + hashlib.sha256(cfg).hexdigest()
        with LOCK:
            STATE.setdefault("oci", {})[cd] = cfg
        s.send(
            200,
            {
                "schemaVersion": 2,
                "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
                "config": {
                    "digest": cd,
                    "mediaType": "application/vnd.docker.container.image.v1+json",
                    "size": len(cfg),
                },
                "layers": [
                    {
                        "digest": "sha256:" + f.lfs,
                        "mediaType": "application/vnd.ollama.image.model",
                        "size": f.size,
                    }
                ],
                "ggufFile": {
                    "rfilename": f.path,
                    "blobId": f.oid,
                    "size": f.size,
                    "lfs": {"sha256": f.lfs, "size": f.size, "pointerSize": f.psize},
                },
            },
        )


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def shutdown_request(s, r):
        try:
            super().shutdown_request(r)
        except OSError:
            pass

    def handle_error(s, *a):
        pass


CDN_HOST = "localhost"  # must differ from the hub's hostname: huggingface_hub 1.x compares hostnames only (ports ignored)


def reset(config=None):
    """forget faults, counters and the log"""
    with LOCK:
        CFG.clear()
        CFG.update(json.loads(json.dumps(DEFAULTS)))
        CFG.update(config or {})
        STATE.update(n=0, win=0.0, resets={}, inj={}, shorts={}, corrupted={})
        LOG.clear()


def configure(**faults):
    """set faults; counters start again"""
    unknown = set(faults) - set(DEFAULTS)
    if unknown:
        raise KeyError(f"no such fault: {sorted(unknown)}")
    with LOCK:
        CFG.update(faults)
        STATE.update(n=0, win=0.0, resets={}, inj={}, shorts={}, corrupted={})


def start(root, port=0, cdn_port=0, tokens=None, config=None, cdn_host="localhost"):
    """start both servers in daemon threads; returns (hub_url, cdn_url, stop)"""
    global CDN_PORT, ROOT, CDN_HOST
    ROOT, CDN_HOST = root, cdn_host
    load(root)
    TOKENS.clear()
    TOKENS.update(tokens or {})
    reset(config)
    hub, cdn = Server(("127.0.0.1", port), Hub), Server(("127.0.0.1", cdn_port), CDN)
    CDN_PORT = cdn.server_port
    for x in (hub, cdn):
        threading.Thread(
            target=x.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
    return (
        f"http://127.0.0.1:{hub.server_port}",
        f"http://{CDN_HOST}:{cdn.server_port}",
        lambda: (hub.shutdown(), cdn.shutdown(), hub.server_close(), cdn.server_close()),
    )


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("root")
    ap.add_argument("--port", type=int, default=18100)
    ap.add_argument("--cdn-port", type=int, default=18101)
    ap.add_argument("--tokens")
    ap.add_argument("--config")
    ap.add_argument("--cdn-host", default="localhost")
    a = ap.parse_args()
    u = start(
        a.root,
        a.port,
        a.cdn_port,
        json.loads(bytes_of(a.tokens)) if a.tokens else None,
        json.loads(bytes_of(a.config)) if a.config else None,
        a.cdn_host,
    )
    print(f"hub {u[0]}  cdn {u[1]}  repos {len(REPOS)}", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        u[2]()
