#include "pkg/apiserver/pods/outbox.h"

namespace gantry::apiserver {

bool Outbox::put(std::string piece) {
  if (overfull_ || bytes_ + piece.size() > bytes_max_) {
    overfull_ = true;
    return false;
  }
  bytes_ += piece.size();
  pieces_.push_back(std::move(piece));
  reader_.wake_all();
  return true;
}

void Outbox::end() {
  ended_ = true;
  reader_.wake_all();
}

Async<Result<std::optional<std::string>>> Outbox::take() {
  while (pieces_.empty() && !ended_) GANTRY_CO_TRY(co_await reader_.park());
  std::optional<std::string> piece;
  if (!pieces_.empty()) {
    piece = std::move(pieces_.front());
    pieces_.pop_front();
    bytes_ -= piece->size();
  }
  co_return piece;
}

}  // namespace gantry::apiserver
