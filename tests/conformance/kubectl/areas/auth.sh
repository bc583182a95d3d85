# shellcheck shell=bash
# auth can-i and whoami, for the admin and for those who may do less.
area_auth() {
  prints yes k auth can-i create apps.gantry.dev
  prints yes k auth can-i '*' '*'
  expect 'Resources +Non-Resource URLs' k auth can-i --list
  refuses 'no' k auth can-i create apps.gantry.dev --as=nobody
  if is_at_least 1.32; then expect 'system:masters' k auth whoami; fi
  k create role reader --verb=get,list --resource=apps.gantry.dev >"$work/said"
  k create rolebinding readers --role=reader --user=jane >"$work/said"
  prints yes k auth can-i list apps.gantry.dev --as=jane
  refuses 'no' k auth can-i delete apps.gantry.dev --as=jane
  refuses 'forbidden.*cannot get resource "secrets"|cannot list resource "secrets"' \
    k get secrets --as=jane
}
