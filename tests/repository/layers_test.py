#!/usr/bin/python3
"""Includes go down the layers only (architecture.md section 5): hub/ folders by the table, plugins see the SDK and nothing of the hub.
Nothing else is kept at the top than what belongs there.

  layers_test.py ROOT
"""

import pathlib
import re
import subprocess
import sys

# Folder and its layer; a folder may include folders of lower layers, and itself.
LAYERS = {"base": 0, "model": 1, "identity": 2, "policy": 2, "referral": 2, "adapter": 2, "store": 3, "engine": 4, "rpc": 5, "transport": 6,
          "gateway": 6, "server": 7}
# A referral is built from an entitlement: referral may look at policy, which knows nothing of it.
BESIDE = {("referral", "policy")}
# The command line's offline commands may link any layer; it is a client otherwise.
FREE = {"ctl"}
# The only folder that knows each of these.
PRIVATE = {"rocksdb/": {"store"}, "grpcpp/": {"rpc", "gateway", "server", "ctl"}}
TOP = {"CMakeLists.txt", "CMakePresets.json", "LICENSE", "README.md", "hub", "integration", "plugins", "protos", "tests"}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^">]+)[">]', re.MULTILINE)


def includes(path):
    return INCLUDE.findall(path.read_text(encoding="utf-8"))


def is_scaffold(path, name):
    """What writes adapters in the SDK's words reads samples as the SDK does."""
    return path.parts[:3] == ("hub", "adapter", "scaffold") and name.startswith("plugins/sdk/")


def hub_violations(root):
    for path in sorted((root / "hub").rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        folder = path.relative_to(root / "hub").parts[0]
        if folder not in LAYERS and folder not in FREE:
            yield f"{path.relative_to(root)}: hub/{folder} has no layer; add it to the table"
            continue
        for name in includes(path):
            other = name.split("/")[1] if name.startswith("hub/") else None
            if other and folder not in FREE and other != folder and (folder, other) not in BESIDE:
                if other not in LAYERS or LAYERS[other] >= LAYERS[folder]:
                    yield f"{path.relative_to(root)}: includes {name}, which is not below hub/{folder}"
            if name.startswith("plugins/") and name != "plugins/sdk/anqiao_adapter.h" and not is_scaffold(path.relative_to(root), name):
                yield f"{path.relative_to(root)}: includes {name}; the hub sees the adapter ABI only"
            for prefix, owners in PRIVATE.items():
                if name.startswith(prefix) and folder not in owners:
                    yield f"{path.relative_to(root)}: includes {name}; only {', '.join(sorted(owners))} may"


def plugin_violations(root):
    for path in sorted((root / "plugins").rglob("*")):
        if path.suffix not in (".h", ".cc", ".c"):
            continue
        own = "/".join(path.relative_to(root).parts[:2])
        for name in includes(path):
            if name.startswith("hub/") or (name.startswith("anqiao/") and not name.startswith("anqiao/adapter/")):
                yield f"{path.relative_to(root)}: includes {name}; plugins see the SDK and the adapter protos only"
            if name.startswith("plugins/") and not name.startswith((own + "/", "plugins/sdk/")):
                yield f"{path.relative_to(root)}: includes {name} of another plugin"


def top_violations(root):
    if not (root / ".git").exists():
        print("no clone: what is kept at the top was not looked at")
        return
    kept = subprocess.run(["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z"], capture_output=True, text=True, check=True).stdout.split("\0")
    for name in sorted({path.split("/")[0] for path in kept if path} - TOP):
        if not name.startswith("."):
            yield f"{name}: does not belong at the top"


def main():
    root = pathlib.Path(sys.argv[1])
    violations = [*hub_violations(root), *plugin_violations(root), *top_violations(root)]
    print("\n".join(violations) or "includes go down the layers only")
    sys.exit(1 if violations else 0)


if __name__ == "__main__":
    main()
