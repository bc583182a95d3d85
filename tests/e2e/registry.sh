# shellcheck shell=bash
# A registry with TLS on the lab's bridge, with the images of registry.py. Sourced after stack.sh;
# needs $here, $work and the lab.

registry=  # ADDRESS:PORT

make_certificate() {  # ADDRESS
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
    -subj "/CN=registry" -addext "subjectAltName=IP:$1" \
    -keyout "$work/registry/key.pem" -out "$work/registry/ca.pem" 2>/dev/null
}

start_registry() {
  local address port pid; address=$(lab subnet | sed 's|\.0/.*|.1|'); port=$(free_port)
  mkdir -p "$work/registry/data"
  make_certificate "$address"
  cat >"$work/registry/config.yml" <<END
version: 0.1
storage: {filesystem: {rootdirectory: $work/registry/data}}
http: {addr: "$address:$port", tls: {certificate: $work/registry/ca.pem, key: $work/registry/key.pem}}
END
  docker-registry serve "$work/registry/config.yml" >"$work/registry.log" 2>&1 &
  pid=$!
  children+=("$pid")
  registry="$address:$port"
  wait_up 20 "$pid" "$work/registry.log" "the registry" \
    curl -fsS --cacert "$work/registry/ca.pem" "https://$registry/v2/"
  python3 "$here/registry.py" "https://$registry" "$work/registry/ca.pem" 1 2
}

# The class of machines with Docker.
write_class() {
  cat >"$work/class.yaml" <<END
apiVersion: gantry.dev/v1alpha1
kind: MachineClass
metadata: {name: docker}
spec:
  clusterName: lab
  os: {template: debian-13-docker}
  resources: {cores: 2, memory: 1Gi}
  rootDisk: {size: 4Gi, storageSelector: 'storage.content.exists(c, c == "rootdir")'}
  networks: [{bridge: vmbr0, ip: dhcp}]
  features: {nesting: true}
END
}
