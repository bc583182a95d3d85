#include "pkg/apiserver/warning.h"

namespace gantry::apiserver {

void add_warning(http::Response& response, std::string_view text) {
  auto& header = response.headers["Warning"];
  if (!header.empty()) header += ", ";
  header += "299 - \"";
  for (const char c : text) {
    if (c == '"' || c == '\\') header += '\\';
    header += static_cast<unsigned char>(c) < ' ' || c == 0x7f ? ' ' : c;
  }
  header += '"';
}

}  // namespace gantry::apiserver
