#include "pkg/store/postgres/listener.h"

#include <algorithm>

#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "pkg/base/check.h"
#include "pkg/base/text.h"

namespace gantry::store::postgres {
namespace {

constexpr int kOwnGraceMs = 1000;  // until the answer to our own commit must have been heard
constexpr int kSliceMs = 50;

void raise(std::atomic<int64_t>& target, int64_t value) {
  auto old = target.load();
  while (old < value && !target.compare_exchange_weak(old, value)) {
  }
}

}  // namespace

void Listener::Closer::operator()(pg_conn* connection) const {
  PQfinish(connection);
}

Listener::Listener(std::string conninfo, std::string target, std::string sender)
    : conninfo_(std::move(conninfo)),
      target_(std::move(target)),
      sender_(std::move(sender)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  GANTRY_CHECK(wake_ >= 0);
}

Listener::~Listener() {
  ::close(wake_);
}

void Listener::raise_known(int64_t revision) {
  raise(known_, revision);
}

void Listener::set_known(int64_t revision) {
  known_ = revision;
  own_ = 0;
  foreign_ = 0;
}

void Listener::stop() {
  stopped_ = true;
  wake();
}

void Listener::wake() {
  const uint64_t one = 1;
  GANTRY_CHECK(::write(wake_, &one, sizeof one) == sizeof one);
}

void Listener::take_wakes() {
  uint64_t count = 0;
  // Nothing to read is fine: somebody else took it.
  (void)!::read(wake_, &count, sizeof count);
}

Status Listener::fail(const char* what) {
  std::string message(trim(PQerrorMessage(connection_.get())));
  std::ranges::replace(message, '\n', ' ');
  connection_.reset();
  return error(ErrorClass::transport, "%s: %s: %s", target_, what, message);
}

Status Listener::connect() {
  connection_.reset(PQconnectdb(conninfo_.c_str()));
  if (PQstatus(connection_.get()) != CONNECTION_OK) return fail("connect to listen");
  const auto command = std::string("LISTEN ") + kChannel;
  std::unique_ptr<PGresult, decltype(&PQclear)> answer(PQexec(connection_.get(), command.c_str()),
                                                       &PQclear);
  if (PQresultStatus(answer.get()) != PGRES_COMMAND_OK) return fail("listen");
  ++connects_;
  return {};
}

void Listener::read_notifications() {
  while (true) {
    std::unique_ptr<PGnotify, decltype(&PQfreemem)> note(PQnotifies(connection_.get()), &PQfreemem);
    if (!note) return;
    const auto parts = split(note->extra, ':');
    const auto revision = parts.size() == 2 ? parse_integer(parts[1]) : std::nullopt;
    if (revision) raise(parts[0] == sender_ ? own_ : foreign_, *revision);
  }
}

Status Listener::sleep(int milliseconds, bool& timed_out) {
  pollfd waiting[2] = {{PQsocket(connection_.get()), POLLIN, 0}, {wake_, POLLIN, 0}};
  timed_out = ::poll(waiting, 2, milliseconds) == 0;
  if (timed_out) return {};
  if (PQconsumeInput(connection_.get()) == 0) return fail("listen");
  return {};
}

Status Listener::wait(Duration timeout) {
  const auto turn = ++turn_;
  wake();  // an earlier wait that nobody listens to any more must not keep its thread
  const std::scoped_lock lock(mutex_);
  take_wakes();
  const auto is_over = [&] { return stopped_ || turn_ != turn; };
  if (is_over()) return {};
  if (!connection_) GANTRY_TRY(connect());
  if (read_ != connects_) return {};
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
  int own_unheard = 0;
  while (left > 0 && !is_over()) {
    read_notifications();
    if (foreign_ > known_) return {};
    const bool unheard = own_ > known_;
    if (unheard && own_unheard >= kOwnGraceMs) return {};
    const int slice = unheard ? kSliceMs : static_cast<int>(std::min<int64_t>(left, 60'000));
    bool timed_out = false;
    GANTRY_TRY(sleep(slice, timed_out));
    own_unheard = unheard && timed_out ? own_unheard + slice : 0;
    if (timed_out) left -= slice;
  }
  return {};
}

}  // namespace gantry::store::postgres
