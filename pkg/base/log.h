#pragma once
// Structured logs: one line an occurrence, a message and key=value pairs (or JSON).
//
//   log::info("guest created", {{"machine", name}, {"vmid", id}});
//
// Written by spdlog to standard error; thread-safe; never blocks longer than the write. Never pass
// a secret: nothing here redacts.
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "pkg/base/ids.h"
#include "pkg/base/status.h"

namespace gantry::log {

enum class Level { debug, info, warn, error, off };
enum class Format { text, json };

// A value as text; quoted in the output where needed.
class Value {
 public:
  Value(std::string_view text) : text_(text) {}           // NOLINT(google-explicit-constructor)
  Value(const std::string& text) : text_(text) {}         // NOLINT(google-explicit-constructor)
  Value(const char* text) : text_(text) {}                // NOLINT(google-explicit-constructor)
  Value(bool value) : text_(value ? "true" : "false") {}  // NOLINT(google-explicit-constructor)
  Value(double value);                                    // NOLINT(google-explicit-constructor)
  Value(const Status& status);                            // NOLINT(google-explicit-constructor)
  template <class T>
  requires std::is_integral_v<T> Value(T value)
      : text_(std::to_string(value)) {}  // NOLINT(google-explicit-constructor)
  template <class Tag, class T>
  Value(const Strong<Tag, T>& id) : Value(id.get()) {}  // NOLINT(google-explicit-constructor)
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

using Fields = std::initializer_list<std::pair<std::string_view, Value>>;

// Process-wide; call once at start. The default is info, text.
void configure(Level level, Format format);
Level parse_level(std::string_view text, Level fallback);

// Also usable on its own: what a line looks like without time and level.
std::string render(Format format, std::string_view message, Fields fields);

void debug(std::string_view message, Fields fields = {});
void info(std::string_view message, Fields fields = {});
void warn(std::string_view message, Fields fields = {});
void error(std::string_view message, Fields fields = {});

}  // namespace gantry::log
