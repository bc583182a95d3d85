#include "pkg/apiserver/audit/audit.h"

#include "pkg/base/log.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

constexpr size_t kAgentMax = 200;
constexpr size_t kLinesAtOnce = 4096;

void set_unless_empty(Json& json, std::string_view name, const std::string& value) {
  if (!value.empty()) json.set(name, value);
}

Json object_of(const AuditEntry& entry) {
  Json object = Json::object();
  set_unless_empty(object, "group", entry.group);
  set_unless_empty(object, "resource", entry.resource);
  set_unless_empty(object, "subresource", entry.subresource);
  set_unless_empty(object, "namespace", entry.ns);
  set_unless_empty(object, "name", entry.name);
  return object;
}

}  // namespace

std::string to_line(const AuditEntry& entry) {
  Json line;
  line.set("time", to_rfc3339(entry.at));
  line.set("id", entry.id);
  line.set("stage", entry.stage);
  line.set("user", entry.user);
  if (!entry.groups.empty()) {
    line.set("groups", Json::array());
    for (const auto& group : entry.groups) line.member("groups").push_back(group);
  }
  set_unless_empty(line, "impersonatedBy", entry.impersonated_by);
  line.set("source", entry.source);
  set_unless_empty(line, "userAgent", entry.user_agent.substr(0, kAgentMax));
  line.set("verb", entry.verb);
  line.set("path", entry.path);
  if (!entry.resource.empty()) line.set("object", object_of(entry));
  line.set("code", entry.code);
  set_unless_empty(line, "reason", entry.reason);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(entry.took);
  line.set("microseconds", static_cast<int64_t>(micros.count()));
  return schema::to_json(line);
}

AuditLog::AuditLog(std::unique_ptr<AuditSink> sink, metrics::Registry& metrics, size_t waiting_max)
    : sink_(std::move(sink)),
      waiting_max_(waiting_max),
      pool_(std::make_unique<async::BlockingPool>("audit", 1, 4)),
      entries_(metrics.counter("gantry_audit_entries_total", "Audit entries that were written.")),
      dropped_(metrics.counter("gantry_audit_dropped_total",
                               "Audit entries that were lost: too many waited, or they could not "
                               "be written.")) {
  entries_.show({});
  dropped_.show({});
}

void AuditLog::note(const AuditEntry& entry) {
  if (waiting_.size() >= waiting_max_) {
    ++lost_;
    dropped_.increment();
    return;
  }
  if (lost_ > 0)
    waiting_.push_back(
        "{\"time\":\"" + to_rfc3339(entry.at) +
        "\",\"stage\":\"Lost\",\"entries\":" + std::to_string(std::exchange(lost_, 0)) + "}");
  waiting_.push_back(to_line(entry));
  work_.set();
}

AuditLog::~AuditLog() {
  pool_.reset();  // the write that is going on ends first
  if (!waiting_.empty()) (void)sink_->write(take(waiting_.size()));
}

std::string AuditLog::take(size_t count) {
  std::string lines;
  for (size_t i = 0; i < count; ++i) lines += waiting_[i] + "\n";
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  return lines;
}

Async<Status> AuditLog::flush() {
  while (!waiting_.empty()) {
    const bool stopping = co_await async::is_cancelled();
    if (stopping) co_return async::cancelled();
    const auto count = std::min(waiting_.size(), kLinesAtOnce);
    auto job = [sink = sink_, text = take(count)] { return sink->write(text); };
    const Status written = co_await pool_->run(std::move(job));
    if (written.ok() || error_class(written) == ErrorClass::cancelled) {
      entries_.increment({}, static_cast<double>(count));  // a job that was begun ends, unheard
    } else {
      dropped_.increment({}, static_cast<double>(count));
      lost_ += count;
      log::error("audit entries could not be written", {{"entries", count}, {"error", written}});
    }
  }
  work_.reset();
  co_return Status();
}

Async<Status> AuditLog::run() {
  while (true) {
    GANTRY_CO_TRY(co_await work_.wait());
    GANTRY_CO_TRY(co_await flush());
  }
}

}  // namespace gantry::apiserver
