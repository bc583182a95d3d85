#pragma once
// Listener: waits for NOTIFY on a connection of its own.
#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "pkg/base/status.h"
#include "pkg/base/time.h"

struct pg_conn;

namespace gantry::store::postgres {

// Raw libpq: libpqxx has no way to wait for a notification that another thread can end. wait()
// blocks a pool thread; everything else is thread-safe and quick.
class Listener {
 public:
  // `sender`: which notifications are our own ("<sender>:<revision>").
  Listener(std::string conninfo, std::string target, std::string sender);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Blocks until another process has announced a revision above known(), until one of our own
  // stays unknown for a second (its answer was lost), until stop() or a later wait(), or for
  // `timeout`. OK at once while the feed has not been read since the last (re)connect: what was
  // announced before that was not heard. Transport.
  Status wait(Duration timeout);
  // Our process has seen everything up to here.
  void raise_known(int64_t revision);
  // The same after a load, which may go back in time; what was announced before is forgotten.
  void set_known(int64_t revision);
  // How often it has connected; hand it to mark_read() once a read of the feed that began after
  // this has been heard.
  int64_t connects() const { return connects_; }
  void mark_read(int64_t connects) { read_ = connects; }
  // Ends the wait that is going on and all later ones.
  void stop();

  static constexpr const char* kChannel = "gantry_changes";

 private:
  struct Closer {
    void operator()(pg_conn* connection) const;
  };
  using Connection = std::unique_ptr<pg_conn, Closer>;
  Status connect();
  Status fail(const char* what);
  void read_notifications();
  void wake();
  void take_wakes();
  Status sleep(int milliseconds, bool& timed_out);

  std::string conninfo_;
  std::string target_;
  std::string sender_;
  int wake_;  // an eventfd
  std::atomic<bool> stopped_ = false;
  std::atomic<int64_t> turn_ = 0;  // which wait is the latest
  std::atomic<int64_t> known_ = 0;
  std::atomic<int64_t> connects_ = 0;
  std::atomic<int64_t> read_ = 0;  // up to which of connects_
  std::mutex mutex_;               // one wait at a time
  Connection connection_;
  // The newest revisions that were announced. They outlast a wait: nobody may be listening to what
  // that one answers.
  std::atomic<int64_t> own_ = 0;
  std::atomic<int64_t> foreign_ = 0;
};

}  // namespace gantry::store::postgres
