#!/usr/bin/env bash
# Makes a virtual environment and the stubs in a folder, and runs day.py with them.
#
#   examples/python/run.sh [FOLDER]     FOLDER defaults to a temporary one
#
# ORB_ENDPOINT (http://HOST:PORT) and ORB_TOKEN_FILE say which daemon.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
proto=$here/../../proto
folder=${1:-}
if [ -z "$folder" ]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
fi
[ -x "$folder/venv/bin/python" ] || python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
mkdir -p "$folder/stubs"
"$folder/venv/bin/python" -m grpc_tools.protoc -I "$proto" --python_out="$folder/stubs" --grpc_python_out="$folder/stubs" \
    "$proto"/orb/v1/*.proto
PYTHONPATH="$folder/stubs" "$folder/venv/bin/python" "$here/day.py"
