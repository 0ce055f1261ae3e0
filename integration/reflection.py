#!/usr/bin/python3
"""A generic client on both listeners: lists the services by reflection, calls health, and sees that the agency listener tells nothing
of the other one or of what the hub is about. With buf installed (npm ci), buf curl does the same.

  reflection.py [--dir DIR]
"""

import argparse
import pathlib
import subprocess
import sys

import hubkit

hubkit.generate_stubs()

import grpc  # noqa: E402

import exchange  # noqa: E402,F401  (puts the stubs on the path)
from google.protobuf import descriptor_pb2  # noqa: E402
from grpc.health.v1 import health_pb2, health_pb2_grpc  # noqa: E402
from grpc.reflection.v1 import reflection_pb2, reflection_pb2_grpc  # noqa: E402
from grpc.reflection.v1alpha import reflection_pb2_grpc as alpha_pb2_grpc  # noqa: E402

AGENCY_SERVICES = {"anqiao.exchange.v1.ExchangeService", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                   "grpc.reflection.v1alpha.ServerReflection"}
HUB_SERVICES = (AGENCY_SERVICES - {"anqiao.exchange.v1.ExchangeService"}) | {
    f"anqiao.hub.v1.{name}Service" for name in
    ("Adapter", "CareTeam", "Case", "Consent", "Custody", "Directory", "Dispatch", "Eligibility", "Employer", "Identity", "Referral", "Operations")}
# In any spelling, in any name or comment that an agency can see.
TELLING = ("hub.v1", "detox", "drug", "police", "rehabilit", "addict", "戒毒", "吸毒", "禁毒", "尿检", "case")
BUF = hubkit.ROOT / "integration" / "node_modules" / ".bin" / "buf"


def channel(hub, listener, folder, name):
    credentials = grpc.ssl_channel_credentials(
        (hub.certs / "ca.crt").read_bytes(), (hub.certs / folder / f"{name}.key").read_bytes(),
        (hub.certs / folder / f"{name}.crt").read_bytes())
    return grpc.secure_channel(hub.address(listener), credentials)


def ask(stub, messages, **request):
    return next(iter(stub.ServerReflectionInfo(iter([messages.ServerReflectionRequest(**request)]), timeout=20)))


def every_file(stub, messages, services):
    """All descriptors that can be reached from the services."""
    found, waiting = {}, []
    for service in services:
        answer = ask(stub, messages, file_containing_symbol=service)
        waiting += answer.file_descriptor_response.file_descriptor_proto
    while waiting:
        file = descriptor_pb2.FileDescriptorProto.FromString(waiting.pop())
        if file.name in found:
            continue
        found[file.name] = file
        for name in file.dependency:
            if name not in found:
                waiting += ask(stub, messages, file_by_filename=name).file_descriptor_response.file_descriptor_proto
    return found


def look(hub, listener, folder, name, wanted, failures):
    over = channel(hub, listener, folder, name)
    health = health_pb2_grpc.HealthStub(over).Check(health_pb2.HealthCheckRequest(), timeout=20)
    if health.status != health_pb2.HealthCheckResponse.SERVING:
        failures.append(f"{listener}: health says {health.status}")
    files = {}
    for stub, messages in ((reflection_pb2_grpc.ServerReflectionStub(over), reflection_pb2),
                           (alpha_pb2_grpc.ServerReflectionStub(over), reflection_pb2)):
        listed = {service.name for service in ask(stub, messages, list_services="").list_services_response.service}
        if listed != wanted:
            failures.append(f"{listener}: lists {sorted(listed)}")
        files = every_file(stub, messages, listed)
    print(f"    {listener}: health SERVING, {len(wanted)} services, {len(files)} files")
    return over, files


def agency_tells_nothing(over, files, failures):
    for file in files.values():
        content = (str(file) + file.SerializeToString().decode("utf-8", "replace")).lower()
        failures += [f"agency_listener: {file.name} contains {word!r}" for word in TELLING if word in content]
    stub = reflection_pb2_grpc.ServerReflectionStub(over)
    for symbol in ("anqiao.hub.v1.CaseService", "anqiao.hub.v1.Case", "anqiao.journal.v1.Entry"):
        if ask(stub, reflection_pb2, file_containing_symbol=symbol).WhichOneof("message_response") != "error_response":
            failures.append(f"agency_listener: describes {symbol}")
    for name in ("anqiao/hub/v1/cases.proto", "anqiao/journal/v1/entry.proto"):
        if ask(stub, reflection_pb2, file_by_filename=name).WhichOneof("message_response") != "error_response":
            failures.append(f"agency_listener: hands out {name}")
    try:
        over.unary_unary("/anqiao.hub.v1.CaseService/GetCensus")(b"", timeout=20)
        failures.append("agency_listener: answers a caseworker's method")
    except grpc.RpcError as error:
        if error.code() not in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.PERMISSION_DENIED):
            failures.append(f"agency_listener: a caseworker's method gives {error.code()}")


def with_buf(hub, failures):
    """The same with a client that was written by others."""
    if not BUF.exists():
        print("    buf is not installed (npm ci in integration/): only the client of our own looked")
        return
    for listener, identity, wanted in (("agency_listener", "agencies/tax", AGENCY_SERVICES), ("hub_listener", "users/wang.fang", HUB_SERVICES)):
        base = [BUF, "curl", "--protocol", "grpc", "--cacert", hub.certs / "ca.crt", "--cert",
                hub.certs / f"{identity}.crt", "--key", hub.certs / f"{identity}.key"]
        url = f"https://{hub.address(listener)}"
        listed = subprocess.run([*base, "--list-services", url], capture_output=True, text=True, timeout=60)
        if not wanted - {"grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"} <= set(listed.stdout.split()):
            failures.append(f"{listener}: buf curl lists {listed.stdout.split()} {listed.stderr.strip()}")
        health = subprocess.run([*base, "--data", "{}", f"{url}/grpc.health.v1.Health/Check"], capture_output=True, text=True, timeout=60)
        if "SERVING" not in health.stdout:
            failures.append(f"{listener}: buf curl on health: {health.stdout} {health.stderr.strip()}")
    print("    buf curl lists the services and calls health on both listeners")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=pathlib.Path, default=hubkit.ROOT / "build" / "reflection")
    options = parser.parse_args()
    hubkit.end_cleanly_on_signals()
    failures = []
    with hubkit.Installation(hubkit.fresh_folder(options.dir)) as hub:
        hub.start()
        over, files = look(hub, "agency_listener", "agencies", "employment", AGENCY_SERVICES, failures)
        agency_tells_nothing(over, files, failures)
        look(hub, "hub_listener", "users", "wang.fang", HUB_SERVICES, failures)
        with_buf(hub, failures)
    print("\n".join("FAILED " + failure for failure in failures) or "reflection and health are as they must be")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    hubkit.run_as_program(main)
