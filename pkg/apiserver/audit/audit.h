#pragma once
// AuditLog: who asked for what, from where, and what came of it.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "pkg/async/blocking_pool.h"
#include "pkg/async/event.h"
#include "pkg/base/json.h"
#include "pkg/base/time.h"
#include "pkg/metrics/metrics.h"

namespace gantry::apiserver {

// What is told of a request. No query, no headers, no bodies: they may hold secrets.
struct AuditEntry {
  Time at;
  std::string id;     // also in the answer's Audit-Id
  std::string stage;  // ResponseStarted (of a stream), ResponseComplete
  std::string user;   // empty: not known
  std::vector<std::string> groups;
  std::string impersonated_by;
  std::string source;      // the peer's address
  std::string user_agent;  // cut to 200 bytes
  std::string verb;
  std::string path;
  std::string group, resource, subresource, ns, name;
  int code = 0;
  std::string reason;  // of an error: Forbidden, Conflict …
  Duration took{};
};
// One line without its end.
std::string to_line(const AuditEntry& entry);

// Where lines go. Called on one thread at a time; may block.
class AuditSink {
 public:
  virtual ~AuditSink() = default;
  // Whole lines, each with its end.
  virtual Status write(const std::string& lines) = 0;
};

// Appends to a file of mode 0600 that becomes PATH.1, PATH.2 … when it is full; the oldest goes.
// kInvalid when the file cannot be opened.
struct AuditFile {
  std::string path;
  uint64_t bytes_max = 64 << 20;
  int keep = 10;
};
Result<std::unique_ptr<AuditSink>> open_audit_file(const AuditFile& file);
std::unique_ptr<AuditSink> audit_to_stdout();

// note() never waits and never fails. One thread, but for the sink.
class AuditLog {
 public:
  AuditLog(std::unique_ptr<AuditSink> sink, metrics::Registry& metrics,
           size_t waiting_max = 64 * 1024);
  // Writes what is left.
  ~AuditLog();

  void note(const AuditEntry& entry);
  // Writes until it is cancelled.
  Async<Status> run();

  size_t waiting() const { return waiting_.size(); }

 private:
  Async<Status> flush();
  std::string take(size_t count);
  std::shared_ptr<AuditSink> sink_;
  size_t waiting_max_;
  std::vector<std::string> waiting_;
  uint64_t lost_ = 0;  // since the last line that was queued
  async::Event work_;
  std::unique_ptr<async::BlockingPool> pool_;
  metrics::Counter entries_, dropped_;
};

}  // namespace gantry::apiserver
