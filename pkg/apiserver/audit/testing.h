#pragma once
// An audit log that can be read at once. For tests only.
#include <string>

#include "pkg/apiserver/audit/audit.h"

namespace gantry::apiserver {

// Appends to `text`, which must outlive it.
class Collector final : public AuditSink {
 public:
  explicit Collector(std::string& text) : text_(text) {}
  Status write(const std::string& lines) override {
    text_ += lines;
    return {};
  }

 private:
  std::string& text_;
};

}  // namespace gantry::apiserver
