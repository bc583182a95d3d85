#!/bin/sh
# Prints a patch of Argo CD's ConfigMap that teaches it the health of Gantry's kinds:
#   kubectl -n argocd patch configmap argocd-cm --patch "$(deploy/argocd/argocd-cm.sh)"
set -eu
lua="$(dirname "$0")/health.lua"
echo "data:"
for kind in App Machine MachineClass ProxmoxCluster; do
  printf '  resource.customizations.health.gantry.dev_%s: |\n' "$kind"
  sed 's/^\(.\)/    \1/' "$lua"
done
