#!/bin/sh
# role.sh: prepares a Proxmox VE cluster for Gantry, with the least privileges that are enough.
#
#   role.sh [--pool gantry] [--user gantry@pve] [--token daemon] [--installation NAME]
#           [--storage ID]… [--zone localnetwork]… [--with-network] [--with-migrate] [--ssh-key FILE]
#
# Run it as root on one node; run it again at any time: what is there stays, what is missing is added.
# Without --storage every storage that holds containers, templates or backups is opened to the token.
# A second installation of Gantry in the same cluster needs a token of its own (--token), better also
# a user and pool (--user, --pool): by its token a daemon knows its own tasks.
# --with-network also lets the daemon create bridges (only Appliances need that).
# --with-migrate also lets it migrate its containers (a changed spec.node of a Machine asks for that).
# It prints what belongs into the Secret; the token's secret is shown by Proxmox once, at its making.
set -euf
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH

pool=gantry
user=gantry@pve
token=daemon
installation=
storages=
zones=
bridges=
moves=
key_file=

usage() {
  sed -n '2,/^set /s/^# \{0,1\}//p' "$0" >&2
  exit 2
}
die() { echo "role.sh: $*" >&2; exit 1; }

while [ $# -gt 0 ]; do
  case $1 in
    --with-network) bridges=1; shift; continue ;;
    --with-migrate) moves=1; shift; continue ;;
    --pool | --user | --token | --installation | --storage | --zone | --ssh-key)
      [ $# -ge 2 ] || usage ;;
    *) usage ;;
  esac
  case $1 in
    --pool) pool=$2 ;;
    --user) user=$2 ;;
    --token) token=$2 ;;
    --installation) installation=$2 ;;
    --storage) storages="$storages $2" ;;
    --zone) zones="$zones $2" ;;
    --ssh-key) key_file=$2 ;;
  esac
  shift 2
done
for name in "$pool" "$token" ${installation:+"$installation"}; do
  case $name in *[!A-Za-z0-9._-]*) die "$name: only letters, digits, dots, dashes and underscores" ;; esac
done
case $user in *@*) ;; *) die "$user: a user is NAME@REALM" ;; esac
command -v pveum >/dev/null || die "this is no Proxmox VE node: there is no pveum"

# ---- roles: set on every run, so that an update of this script arrives

role() {  # NAME PRIVILEGES
  pveum role add "$1" --privs "$2" 2>/dev/null || pveum role modify "$1" --privs "$2"
}
role GantryGuests "VM.Allocate VM.Audit VM.Clone VM.Config.CPU VM.Config.Disk VM.Config.Memory VM.Config.Network VM.Config.Options VM.PowerMgmt VM.Snapshot VM.Snapshot.Rollback VM.Backup Pool.Audit"
role GantryStorage "Datastore.AllocateSpace Datastore.AllocateTemplate Datastore.Audit"
role GantryNetwork "SDN.Use SDN.Audit"
role GantryAudit "Sys.Audit"
role GantryBridges "Sys.Audit Sys.Modify"
role GantryMoves "VM.Migrate"

# ---- pool, user, token

pvesh get "/pools/$pool" >/dev/null 2>&1 || pveum pool add "$pool" --comment "containers of Gantry"
pveum user list --output-format json | grep -q "\"userid\":\"$user\"" ||
  pveum user add "$user" --comment "Gantry daemon"

secret=
if ! pveum user token list "$user" --output-format json | grep -q "\"tokenid\":\"$token\""; then
  # privsep=0: the token may what its user may; the user has nothing but the roles below.
  secret=$(pveum user token add "$user" "$token" --privsep 0 --output-format json |
    sed -n 's/.*"value" *: *"\([^"]*\)".*/\1/p')
  [ -n "$secret" ] || die "the token was made, but its secret could not be read: remove it and run again"
fi

# ---- what it may, where

grant() {  # PATH ROLE [PROPAGATE]
  pveum acl modify "$1" --users "$user" --roles "$2" --propagate "${3:-1}"
}
grant "/pool/$pool" GantryGuests
[ -z "$moves" ] || grant "/pool/$pool" GantryMoves
if [ -z "$storages" ]; then
  storages=$(pvesm status 2>/dev/null | awk 'NR > 1 { print $1 }')
fi
for storage in $storages; do grant "/storage/$storage" GantryStorage; done
for zone in ${zones:-localnetwork}; do grant "/sdn/zones/$zone" GantryNetwork; done
grant /nodes "$([ -n "$bridges" ] && echo GantryBridges || echo GantryAudit)"
# Without this the quorum cannot be seen. Not propagated: it is about / only.
grant / GantryAudit 0

# ---- what to do next

cat <<EOF
Pool, roles, user and token are ready. For the Secret that the ProxmoxCluster names:

  tokenId: $user!$token
  tokenSecret: ${secret:-(made by an earlier run; to get a new one: pveum user token remove $user $token, then run this again.
    Another installation of Gantry must not share it: run this with --token or --user of its own)}

  certificate: $(openssl x509 -noout -fingerprint -sha256 -in /etc/pve/local/pve-ssl.pem 2>/dev/null |
    sed 's/.*=//')

For commands inside containers:
  1. on every node: install -m 755 gantry-shell /usr/local/sbin/gantry-shell
  2. append to /root/.ssh/authorized_keys, which the nodes of a cluster share (one line):
     command="/usr/local/sbin/gantry-shell --installation ${installation:-NAME} --user $user!$token",restrict,pty $(
       if [ -n "$key_file" ]; then cat "$key_file"; else echo "ssh-ed25519 AAAA… gantry"; fi)
  NAME is what gantryd calls itself: it stands in every container's description.
EOF
