#!/usr/bin/env bash
# Generates Python stubs of the public API: generate_stubs.sh OUT. Debian's protoc and grpc_python_plugin, nothing else.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:?usage: generate_stubs.sh OUT}
mkdir -p "$out"
out=$(cd "$out" && pwd)
protos=$(cd "$root/protos" && find anqiao/exchange anqiao/hub anqiao/label anqiao/type google grpc -name '*.proto' | sort)
stamp=$(cd "$root/protos" && echo "$protos" | xargs sha256sum | sha256sum)
if [[ -e $out/.stamp && $(cat "$out/.stamp") == "$stamp" ]]; then exit 0; fi
for tool in protoc grpc_python_plugin; do
  command -v "$tool" >/dev/null || { echo "generate_stubs.sh: $tool is missing; install protobuf-compiler and protobuf-compiler-grpc" >&2; exit 1; }
done
(cd "$root/protos" && echo "$protos" | xargs protoc -I. --plugin=protoc-gen-grpc_python="$(command -v grpc_python_plugin)" \
  --python_out="$out" --grpc_python_out="$out")
echo "$stamp" >"$out/.stamp"
