#include "tests/bench/api/watchers.h"

#include <array>
#include <cstdlib>
#include <string_view>

#include <sys/epoll.h>
#include <unistd.h>

namespace gantry::bench {
namespace {

// Of a label "sent": milliseconds since the machine started, as the writer saw it.
constexpr std::string_view kSent = "\"sent\":\"";

}  // namespace

Watchers::Watchers(const Daemon& daemon, int count) : poll_(::epoll_create1(0)) {
  const auto list = daemon.connect();
  list->keep_body = true;
  const auto answer = list->send("GET", "/apis/gantry.dev/v1alpha1/apps?limit=1");
  const auto at = answer.body.rfind("\"resourceVersion\":\"") + 19;
  const auto version = answer.body.substr(at, answer.body.find('"', at) - at);
  rests_.resize(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    clients_.push_back(daemon.connect());
    clients_.back()->open_stream(
        "/apis/gantry.dev/v1alpha1/apps?watch=true&timeoutSeconds=600&resourceVersion=" + version);
    clients_.back()->set_nonblocking();
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    wanted.data.u64 = static_cast<uint64_t>(i);
    ::epoll_ctl(poll_, EPOLL_CTL_ADD, clients_.back()->socket(), &wanted);
  }
}

Watchers::~Watchers() {
  end();
  ::close(poll_);
}

void Watchers::begin() {
  events_ = 0;
  delays_.clear();
  stopping_ = false;
  thread_ = std::thread([this] { read(); });
}

void Watchers::end() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void Watchers::read() {
  std::array<epoll_event, 256> ready{};
  std::array<char, 65536> buffer{};
  while (!stopping_) {
    const int count = ::epoll_wait(poll_, ready.data(), ready.size(), 50);
    for (int i = 0; i < count; ++i) {
      const auto watcher = static_cast<size_t>(ready[static_cast<size_t>(i)].data.u64);
      size_t size = 0;
      while ((size = clients_[watcher]->read_some(buffer.data(), buffer.size())) > 0)
        take(watcher, buffer.data(), size);
    }
  }
}

void Watchers::take(size_t watcher, const char* data, size_t size) {
  auto& rest = rests_[watcher];
  rest.append(data, size);
  const auto now = now_seconds() * 1e3;
  size_t begin = 0;
  for (size_t end = 0; (end = rest.find("}\n", begin)) != std::string::npos; begin = end + 2) {
    const std::string_view line(rest.data() + begin, end - begin);
    ++events_;
    const auto sent = line.find(kSent);
    if (sent != std::string_view::npos)
      delays_.push_back(now - std::atof(line.data() + sent + kSent.size()));
  }
  rest.erase(0, begin);
}

}  // namespace gantry::bench
