#!/usr/bin/python3
"""Adapters changed while the real hub serves: load, shadow, reload, disable and enable with anqiaoctl, and what is to be corrected as a file.

  adapters.py [--seed N] [--dir DIR] [--mutant NAME]
"""

import pathlib
import subprocess

import drop_folder
import faultkit
import hubkit


def submit(hub, agency, path, *extra):
    done = subprocess.run([hubkit.BUILD / "bin" / "anqiaoctl", "--listeners-file", hub.listeners_file, "--certs", hub.certs, "--agency", agency,
                           "--output", "json", *extra, *(["submit", "--format", "tests", path] if path else [])], capture_output=True, text=True,
                          timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


def refused(hub, *arguments):
    try:
        hub.ctl(*arguments, user="ops")
    except hubkit.ToolError as error:
        return str(error)
    return ""


def run(hub, folder):
    violations = []

    def expect(holds, what):
        if not holds:
            violations.append(what)

    def adapter(*arguments):
        return hub.ctl("adapter", *arguments, user="ops")

    hub.start()
    for number in range(3):
        (folder / f"{number}.txt").write_bytes(drop_folder.content_of(number))
    code, out, err = submit(hub, "police", folder / "0.txt")
    expect(code == 3, f"a payload with a held row was answered with exit {code}: {err}")
    first = adapter("show", "police")["current"]["build"]

    library = folder / "police-next.so"
    library.write_bytes((hubkit.BUILD / "plugins" / "libanqiao_police.so").read_bytes() + b"another build")
    library.chmod(0o666)
    expect("writable by everyone" in refused(hub, "adapter", "load", "police", "--library", library), "a library that everyone may write was loaded")
    library.chmod(0o600)
    expect(str(library) in refused(hub, "adapter", "load", "tax", "--library", library), "another agency's adapter was loaded")
    loaded = adapter("load", "police", "--library", library)
    expect(loaded["current"]["build"] == first and loaded["candidate"]["build"] != first, f"loading changed the build: {loaded}")
    shadow = adapter("shadow", "police")
    expect((int(shadow["payloadCount"]), int(shadow["sameCount"])) == (1, drop_folder.ROWS), f"the same adapter decodes otherwise: {shadow}")
    expect("supervisors" in refused(hub, "adapter", "shadow", "police", "--values"), "an operator saw values")
    second = loaded["candidate"]["build"]
    expect(adapter("reload", "police", "--build", second)["current"]["build"] == second, "the candidate was not promoted")
    expect(submit(hub, "police", folder / "1.txt")[0] == 3, "the new build takes nothing")

    expect(adapter("disable", "police", "--reason", "TRYING_IT")["state"] == "ADAPTER_STATE_DISABLED", "it was not disabled")
    hub.kill()
    hub.start()
    code, out, err = submit(hub, "police", folder / "2.txt")
    expect(code != 0 and "ADAPTER_DISABLED" in out + err, f"a disabled adapter answered {code}: {out} {err}")
    shown = adapter("show", "police")
    expect(shown.get("reason") == "TRYING_IT" and shown["current"]["build"] == first, f"after a restart: {shown}")
    adapter("enable", "police")
    code, out, err = submit(hub, "police", folder / "2.txt")
    expect(code == 3, f"an enabled adapter answered {code}: {err}")

    name = hub.ctl("quarantine", "list", user="ops")["payloads"][0]["name"]
    hub.ctl_text("corrections", "--payload", name, "--out", folder / "corrections.csv", user="ops")
    text = (folder / "corrections.csv").read_bytes().decode("gb18030")
    lines = text.splitlines()
    expect(len(lines) == 2 and lines[0].endswith("|问题说明") and "|第" in lines[1] and lines[1].endswith("：日期不存在"),
           f"corrections are {text!r}")
    expect(submit(hub, "police", None, "corrections", "--request-id", "none")[0] == 1, "corrections of nothing were given")
    expect(hub.ctl("verify", user="ops").get("equal"), "rebuilt and live projections differ")
    return violations


def main():
    options = faultkit.arguments(__doc__, "adapters", ("switches_forgotten", "projection_reads_clock")).parse_args()
    hubkit.end_cleanly_on_signals()
    folder = pathlib.Path(hubkit.fresh_folder(options.dir))
    with faultkit.installation(options, folder) as hub:
        violations = run(hub, folder)
    faultkit.finish("adapters", violations, options.seed)


if __name__ == "__main__":
    hubkit.run_as_program(main)
