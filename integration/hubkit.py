"""A hub of one's own for demo and tests: certificates, configuration, the real binaries, always cleaned up.

  with hubkit.Installation(folder) as hub:
      hub.start()
      hub.ctl("census")

Nothing here links or imports code of the hub; it starts programs and reads what they print.
"""

import fcntl
import importlib.util
import json
import os
import pathlib
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("ANQIAO_BUILD", ROOT / "build" / "release")).resolve()
STUBS = ROOT / "build" / "stubs"
PYTHON = "/usr/bin/python3"
AGENCIES = {
    "police": ("咸安区公安分局", ["roster", "orders", "tests"], [], ""),
    "civil_affairs": ("咸安区民政局", ["urban_relief", "rural_relief"], ["minimum-living", "destitute-support", "temporary-relief"], ""),
    "employment": ("咸安区人力资源和社会保障局",
                   ["unemployment", "certificates", "difficulties", "employments", "trainings", "employers", "vacancies"],
                   ["employment-assistance", "difficulty-recognition", "training-subsidy", "startup-loan", "unemployment-registration",
                    "insurance-subsidy-employer", "insurance-subsidy-flexible", "public-welfare-post", "first-business-subsidy",
                    "unemployment-insurance"], ""),
    "tax": ("咸安区税务局", ["businesses", "reliefs", "replies"], ["tax-relief-self-employed", "tax-relief-employer"], "requests"),
}
USERS = {"wang.fang": "caseworker", "li.na": "supervisor", "ops": "operator", "zhao.min": "auditor"}
READY_SECONDS = 30
MARK = "made_up_by_integration"
# anqiaoctl did what was asked and says with its exit code that something was held, or that projections differ.
ANSWERED = (0, 3, 4)


class ToolError(Exception):
    """A program said no; its message is the error."""


def generate_stubs():
    if importlib.util.find_spec("grpc") is None or importlib.util.find_spec("google.protobuf") is None:
        sys.exit(f"error: {sys.executable} has no grpc or protobuf; use {PYTHON} with Debian's python3-grpcio and python3-protobuf")
    subprocess.run([ROOT / "integration" / "agencies" / "generate_stubs.sh", STUBS], check=True)
    os.environ["ANQIAO_STUBS"] = str(STUBS)
    sys.path.insert(0, str(ROOT / "integration" / "agencies"))


def generate_district(out, people=10_000, seed=1):
    done = subprocess.run([PYTHON, ROOT / "integration" / "district" / "generate.py", "--seed", str(seed), "--people", str(people),
                           "--out", out], check=False)
    if done.returncode:
        raise ToolError("the district could not be generated (above: why)")


class Installation:
    def __init__(self, folder, clock_start="2026-06-30T09:00:00+08:00", agency_settings=None, settings=None, keys=None, data="data",
                 program="anqiaod", environment=None, more_agencies=None):
        self.folder = pathlib.Path(folder).resolve()
        self.clock_start = clock_start
        # Per agency: lines of its configuration, added or replaced, such as {"payload_bytes_max": 1000000}.
        self.agency_settings = agency_settings or {}
        # Beside AGENCIES: id to the lines of its configuration, all of them.
        self.more_agencies = more_agencies or {}
        self.keys = {"ring": "keys/ring", "master_key": "keys/master.key", **(keys or {})}
        # Settings of the keys, such as {"cipher_suite": "none"}; further lines of the hub's, such as {"listener_watch": "off"}.
        self.settings = settings or {}
        self.data_directory = data
        # Another build of the hub, such as "anqiaod_faulty"; what its environment has besides.
        self.program, self.environment = program, environment or {}
        self.listeners_file = self.folder / "listeners.yaml"
        self.certs = self.folder / "certs"
        self.hub = None
        self.children = {}
        for name in (program, "anqiaoctl"):
            if not (BUILD / "bin" / name).exists():
                raise ToolError(f"{BUILD / 'bin' / name} is not there; build first (integration/demo.sh does)")

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "logs").mkdir(exist_ok=True)
        self._make_certificates()
        self._make_master_key()
        self._write_configuration()
        return self

    def __exit__(self, *unused):
        # A second Ctrl-C would leave processes behind.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for name in list(self.children):
            self.stop_agency(name)
        self.stop()

    def _make_certificates(self):
        if (self.certs / "ca.crt").exists():
            return
        self._tool("certs", "init", self.certs)
        self._tool("certs", "issue", "--dir", self.certs, "server", "hub", "--host", "127.0.0.1", "--host", "localhost")
        for agency in [*AGENCIES, *self.more_agencies, "stranger"]:
            self._tool("certs", "issue", "--dir", self.certs, "agency", agency)
        for user, role in USERS.items():
            self._tool("certs", "issue", "--dir", self.certs, "user", user, "--role", role)

    def _make_master_key(self):
        path = self.folder / "keys" / "master.key"
        if path.exists():
            return
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")

    def _write_configuration(self):
        def listener(port):
            return (f'{{address: "127.0.0.1:{port}", certificate: certs/servers/hub.crt, key: certs/servers/hub.key, '
                    'client_ca: certs/ca.crt}')

        lines = ["# A development installation with made-up data; written by integration/hubkit.py.",
                 f"data_directory: {self.data_directory}", f"keys: {{{', '.join(f'{key}: {value}' for key, value in self.keys.items())}}}",
                 f"catalogue_directory: {ROOT / 'hub' / 'policies'}", 'jurisdiction: "421202003000"', f'clock_start: "{self.clock_start}"',
                 f"agency_listener: {listener(free_port())}", f"hub_listener: {listener(free_port())}",
                 *(f"{key}: {value}" for key, value in self.settings.items()), "agencies:"]
        for agency, (title, formats, services, delivery_format) in AGENCIES.items():
            library, samples = BUILD / "plugins" / f"libanqiao_{agency}.so", ROOT / "plugins" / agency / "samples"
            settings = {"display_name": title, "kind": agency, "adapter": f"{{library: {library}, samples: {samples}}}",
                        "formats": f"[{', '.join(formats)}]", "services": f"[{', '.join(services)}]"}
            if delivery_format:
                settings["delivery_format"] = delivery_format
            settings.update(self.agency_settings.get(agency, {}))
            lines += [f"  - id: {agency}", *(f"    {key}: {value}" for key, value in settings.items())]
        for agency, settings in self.more_agencies.items():
            lines += [f"  - id: {agency}", *(f"    {key}: {value}" for key, value in settings.items())]
        (self.folder / "anqiaod.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def start(self, open_files=None):
        """Starts the hub and waits until its listeners are there. "open_files" is its limit of file descriptors, soft and hard."""
        command = ["prlimit", f"--nofile={open_files}:{open_files}"] if open_files else []
        self.listeners_file.unlink(missing_ok=True)
        with open(self.folder / "logs" / "anqiaod.log", "ab") as log:
            self.hub = subprocess.Popen([*command, BUILD / "bin" / self.program, "--config", self.folder / "anqiaod.yaml",
                                         "--listeners-file", self.listeners_file], stdout=log, stderr=log, cwd=self.folder,
                                        env={**os.environ, **self.environment}, start_new_session=True)
        started = time.monotonic()
        while not self.listeners_file.exists():
            if self.hub.poll() is not None:
                raise ToolError(f"anqiaod ended with {self.hub.returncode}:\n" + self.tail("anqiaod.log"))
            if time.monotonic() - started > READY_SECONDS:
                raise ToolError(f"anqiaod was not ready after {READY_SECONDS} s:\n" + self.tail("anqiaod.log"))
            time.sleep(0.02)
        return time.monotonic() - started

    def address(self, name):
        for line in self.listeners_file.read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(": ")
            if key == name:
                return value.strip().strip('"')
        raise ToolError(f"{self.listeners_file} names no {name}")

    def tail(self, log, lines=15):
        text = (self.folder / "logs" / log).read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def stop(self, how=signal.SIGTERM):
        end(self.hub, how)
        self.hub = None

    def kill(self):
        self.stop(signal.SIGKILL)

    def agency_arguments(self, agency, identity=None):
        identity = identity or agency
        folder = self.certs / "agencies"
        return ["--hub", self.address("agency_listener"), "--ca", self.certs / "ca.crt", "--cert", folder / f"{identity}.crt",
                "--key", folder / f"{identity}.key"]

    def start_agency(self, agency, files, *extra, program=None):
        command = program or ([BUILD / "bin" / "agency_employment"] if agency == "employment" else
                              [PYTHON, ROOT / "integration" / "agencies" / f"{agency}.py"])
        log = self.folder / "logs" / f"{agency}.jsonl"
        with open(self.folder / "logs" / f"{agency}.out", "ab") as output:
            self.children[agency] = subprocess.Popen(
                [*command, *self.agency_arguments(agency), "--files", files, "--log", log, *(extra or ("--serve",))],
                stdout=output, stderr=output, env={**os.environ, "ANQIAO_STUBS": str(STUBS)}, start_new_session=True)
        return log

    def stop_agency(self, agency, how=signal.SIGTERM):
        end(self.children.pop(agency, None), how)

    def ended_by_themselves(self):
        """Names and exit codes of agencies that run no longer though nobody stopped them; "start_agency" starts them anew."""
        return [(name, child.poll()) for name, child in self.children.items() if child.poll() is not None]

    def _tool(self, *arguments):
        done = subprocess.run([BUILD / "bin" / "anqiaoctl", *map(str, arguments)], capture_output=True, text=True, timeout=900)
        if done.returncode not in ANSWERED:
            raise ToolError(f"anqiaoctl {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stderr.strip()}")
        return done.stdout

    def ctl(self, *arguments, user="wang.fang"):
        """What anqiaoctl answers, as JSON."""
        return json.loads(self._tool("--listeners-file", self.listeners_file, "--certs", self.certs, "--as", user, "--timeout", 600,
                                     "--output", "json", *arguments))

    def agency_ctl(self, agency, *arguments):
        """The lines that anqiaoctl answers an agency, as text."""
        return self._tool("--listeners-file", self.listeners_file, "--certs", self.certs, "--agency", agency, "--output", "json", *arguments)

    def ctl_text(self, *arguments, user="wang.fang"):
        return self._tool("--listeners-file", self.listeners_file, "--certs", self.certs, "--as", user, *arguments)


def end(process, how=signal.SIGTERM):
    """Ends a process that this program started, and waits for it."""
    if process is None or process.poll() is not None:
        return
    process.send_signal(how)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port():
    """A port of this machine that stays free over a restart: below those that the system gives to connections."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        top = min(int(file.read().split()[0]), 32768)
    for _ in range(200):
        port = random.SystemRandom().randrange(max(1024, top // 2), top)
        with socket.socket() as trial:
            try:
                trial.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise ToolError("no free port was found on 127.0.0.1")


_locks = []


def fresh_folder(path):
    """An empty folder that no other run uses. What an earlier run left there is removed, anything else is not."""
    path = pathlib.Path(path).resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = open(f"{path}.lock", "w", encoding="ascii")
    except OSError as error:
        sys.exit(f"error: cannot write beside {path}: {error.strerror}; give another folder with --dir")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"error: another run uses {path}; end it first, or give another folder with --dir")
    _locks.append(lock)
    if path.exists() and not path.is_dir():
        sys.exit(f"error: {path} is not a folder")
    if path.exists() and any(path.iterdir()) and not (path / MARK).exists() and not (path / "anqiaod.yaml").exists():
        sys.exit(f"error: {path} has files that no earlier run made; give another folder with --dir")
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    (path / MARK).write_text("Made-up data of a run of integration/; the next run removes this folder.\n", encoding="utf-8")
    return path


def run_as_program(main):
    """Calls "main"; what a user can mend ends the program with a message of one line instead of a traceback."""
    try:
        main()
    except ToolError as error:
        sys.exit(f"error: {error}")


def end_cleanly_on_signals():
    """Whatever ends this program, the processes that it started end too."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, frame: sys.exit(128 + number))
    signal.signal(signal.SIGINT, signal.default_int_handler)
