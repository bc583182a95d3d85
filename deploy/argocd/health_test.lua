-- Runs health.lua as Argo CD does (Lua 5.1, only `obj` and the basic functions) over objects as the
-- API serves them. Usage: lua5.1 health_test.lua FOLDER
local folder = arg[1]

local function health_of(obj)
  local chunk = assert(loadfile(folder .. "/health.lua"))
  setfenv(chunk, { obj = obj, ipairs = ipairs })
  return chunk()
end

local function app(generation, status, spec)
  return { metadata = { generation = generation }, spec = spec or {}, status = status }
end
local function is(kind, status, message, code)
  return { type = kind, status = status, reason = "R", message = message, code = code }
end

local deleted = app(2, { observedGeneration = 2, conditions = { is("Ready", "True", "fine") } })
deleted.metadata.deletionTimestamp = "2026-01-01T00:00:00Z"
local blocked = app(2, { conditions = { is("DeletionBlocked", "True", "waits for x/y") } })
blocked.metadata.deletionTimestamp = "2026-01-01T00:00:00Z"

local cases = {
  { "without a status", app(1, nil), "Progressing", "not looked at yet" },
  -- As the API server seeds it.
  { "just created", app(1, { observedGeneration = 0, conditions = { is("Ready", "Unknown", "new") } }),
    "Progressing", "waiting for generation 1 to be looked at" },
  { "ready", app(1, { observedGeneration = 1, conditions = { is("Ready", "True", "2 of 2") } }),
    "Healthy", "2 of 2" },
  { "ready, but changed since",
    app(2, { observedGeneration = 1, conditions = { is("Ready", "True", "2 of 2") } }),
    "Progressing", "waiting for generation 2 to be looked at" },
  { "on its way", app(1, { observedGeneration = 1, conditions = { is("Ready", "False", "1 of 2") } }),
    "Progressing", "1 of 2" },
  { "not to be seen", app(1, { observedGeneration = 1, conditions = { is("Ready", "Unknown", "?") } }),
    "Progressing", "?" },
  { "stalled", app(1, { observedGeneration = 1,
      conditions = { is("Ready", "False", "no"), is("Stalled", "True", "no template", "TPL-001") } }),
    "Degraded", "no template (TPL-001)" },
  { "was stalled", app(1, { observedGeneration = 1,
      conditions = { is("Stalled", "False", ""), is("Ready", "True", "fine") } }), "Healthy", "fine" },
  { "suspended", app(1, { observedGeneration = 1, conditions = { is("Ready", "False", "suspended") } },
      { suspend = true }), "Suspended", "suspended" },
  { "being deleted", deleted, "Progressing", "being deleted" },
  { "being deleted, and blocked", blocked, "Progressing", "waits for x/y" },
}

local failed = 0
for _, case in ipairs(cases) do
  local health = health_of(case[2])
  if health.status ~= case[3] or health.message ~= case[4] then
    print(case[1] .. ": " .. tostring(health.status) .. ", " .. tostring(health.message))
    failed = failed + 1
  end
end
print(#cases .. " situations, " .. failed .. " judged wrongly")
os.exit(failed == 0 and 0 or 1)
