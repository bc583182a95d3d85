-- Health of Gantry's objects for Argo CD. The body of a health customization: `obj` is the object.
-- Says nothing good about a generation that nobody has looked at, and tells apart what is on its
-- way (Progressing), what needs a person (Degraded) and what cannot be told now (Progressing too:
-- unknown is not broken).
local health = { status = "Progressing", message = "not looked at yet" }
local status = obj.status or {}

local function condition(kind)
  for _, c in ipairs(status.conditions or {}) do
    if c.type == kind then return c end
  end
  return nil
end

local function told(c)
  if c.code ~= nil and c.code ~= "" then return c.message .. " (" .. c.code .. ")" end
  return c.message or c.reason or ""
end

if obj.metadata.deletionTimestamp ~= nil then
  local blocked = condition("DeletionBlocked")
  health.message = blocked ~= nil and told(blocked) or "being deleted"
  return health
end
if status.observedGeneration ~= nil and obj.metadata.generation ~= nil
    and status.observedGeneration ~= obj.metadata.generation then
  health.message = "waiting for generation " .. obj.metadata.generation .. " to be looked at"
  return health
end
local stalled = condition("Stalled")
if stalled ~= nil and stalled.status == "True" then
  return { status = "Degraded", message = told(stalled) }
end
local suspended = obj.spec ~= nil and (obj.spec.suspend == true or obj.spec.powerState == "Stopped")
local ready = condition("Ready")
if ready == nil then return health end
if ready.status == "True" then
  return { status = "Healthy", message = told(ready) }
end
if suspended then return { status = "Suspended", message = told(ready) } end
health.message = told(ready)
return health
