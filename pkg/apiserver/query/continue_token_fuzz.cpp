// Continue tokens from anybody: none but our own is taken.
#include <cstdint>
#include <cstdlib>

#include "pkg/apiserver/query/continue_token.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gantry::apiserver;
  static const ContinueTokens tokens("a key that the fuzzer does not have");
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (tokens.decode(text, "list").ok()) std::abort();
  ContinueToken token;
  token.revision = static_cast<int64_t>(size);
  token.after = {"default", text.substr(0, 253)};
  const auto back = tokens.decode(tokens.encode(token, text), text);
  (void)back;
  return 0;
}
