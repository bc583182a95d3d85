#pragma once
// Terminal: what a person types at a command, and how large his window is.
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "pkg/async/handover.h"

namespace gantry::guest {

struct WindowSize {
  int columns = 80;
  int rows = 24;
  bool operator==(const WindowSize&) const = default;
};

// Two ends: one types and resizes, a driver takes. Thread-safe, as drivers have threads of their
// own; nothing blocks.
class Terminal {
 public:
  // False when too much waits to be taken already: nothing was added.
  bool type(std::string_view bytes);
  void resize(WindowSize size);

  // What has come since the last call.
  struct News {
    std::string typed;
    std::optional<WindowSize> size;
  };
  News take() { return news_.take(); }
  // Calls `wake` whenever there is something to take, on the typist's thread: it may only signal.
  // An empty one ends that.
  void listen(std::function<void()> wake) { news_.listen(std::move(wake)); }

 private:
  async::Handover<News> news_;
};

}  // namespace gantry::guest
