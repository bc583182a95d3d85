#!/bin/sh
# Runs a test's program as root: real containers need that, and sshd for the user root.
[ "$(id -u)" = 0 ] || exec sudo -E "$@"
exec "$@"
