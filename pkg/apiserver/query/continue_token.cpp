#include "pkg/apiserver/query/continue_token.h"

#include "pkg/base/text.h"
#include "pkg/crypto/digest.h"
#include "pkg/schema/json.h"

namespace gantry::apiserver {
namespace {

constexpr size_t kTokenMax = 2048;  // namespace and name are at most 316 bytes
constexpr std::string_view kVersion = "meta.k8s.io/v1";

Status not_valid(std::string_view why) {
  return invalid("continue key is not valid: %s", std::string(why));
}

}  // namespace

std::string ContinueTokens::seal(std::string_view content, std::string_view list) const {
  std::string bytes(list);
  bytes.append("\n").append(content);
  return hex(crypto::hmac_sha256(key_, bytes)).substr(0, 32);
}

std::string ContinueTokens::encode(const ContinueToken& token, std::string_view list) const {
  Json content;
  content.set("v", kVersion);
  content.set("rv", token.revision);
  content.set("start", token.after.first + "/" + token.after.second);
  content.set("seal", seal(schema::to_json(content), list));
  return base64url_encode(schema::to_json(content));
}

Result<ContinueToken> ContinueTokens::decode(std::string_view text, std::string_view list) const {
  if (text.size() > kTokenMax) return not_valid("it is too long");
  const auto bytes = base64url_decode(text);
  if (!bytes) return not_valid("it is no base64");
  auto content = schema::parse_json(*bytes);
  if (!content.ok()) return not_valid(message_of(content.status()));
  if (!content->is_object() || content->string_or("v", "") != kVersion)
    return not_valid("its version is not known");
  const auto sealed = content->string_or("seal", "");
  content->erase("seal");
  if (!crypto::equal_in_constant_time(sealed, seal(schema::to_json(*content), list)))
    return not_valid("it was changed, or it belongs to another list");
  const auto start = content->string_or("start", "");
  const auto slash = start.find('/');
  ContinueToken token;
  token.revision = content->integer_or("rv", 0);
  if (slash == std::string::npos || token.revision < ContinueToken::kInconsistent)
    return not_valid("it names no place");
  token.after = {start.substr(0, slash), start.substr(slash + 1)};
  return token;
}

}  // namespace gantry::apiserver
