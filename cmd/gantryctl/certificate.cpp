#include <fstream>
#include <iterator>

#include "api/kinds.h"
#include "cmd/gantryctl/commands.h"
#include "pkg/apiserver/authn/authenticator.h"
#include "pkg/base/text.h"
#include "pkg/crypto/certificates.h"

namespace gantry::ctl {
namespace {

Where revoked(const std::string& name) {
  Where where;
  where.kind = api::find_by_resource("configmaps");
  where.ns = apiserver::kTokenNamespace;
  where.name = name;
  return where;
}

// The fingerprint as the key of the list, from a PEM file or from the fingerprint itself.
Result<std::string> key_of(const std::string& word) {
  auto fingerprint = crypto::normalize_fingerprint(word);
  if (!fingerprint.ok()) {
    std::ifstream file(word, std::ios::binary);
    if (!file) return invalid("%s: is neither a file that can be read nor a fingerprint", word);
    const std::string pem{std::istreambuf_iterator<char>(file), {}};
    GANTRY_TRY_ASSIGN(const auto facts, crypto::read_certificate(pem));
    fingerprint = facts.fingerprint;
  }
  std::string key;
  for (const char c : to_lower(*fingerprint))
    if (c != ':') key += c;
  return key;
}

}  // namespace

Async<Status> revoke_certificate(Session& session, std::string word) {
  GANTRY_CO_TRY_ASSIGN(const auto key, key_of(word));
  Json patch;
  patch.member("data").set(key, "revoked " + to_rfc3339(session.clock.now()));
  const auto path = path_of(revoked(apiserver::kRevokedCertificates));
  Json first = patch;
  auto changed =
      co_await session.api.send("PATCH", path, "application/merge-patch+json", std::move(patch));
  if (!changed.ok() && error_class(changed.status()) == ErrorClass::not_found) {
    first.set("apiVersion", "v1");
    first.set("kind", "ConfigMap");
    first.member("metadata").set("name", apiserver::kRevokedCertificates);
    changed = co_await session.api.send("POST", path_of(revoked("")), kJson, std::move(first));
  }
  if (!changed.ok()) co_return changed.status();
  session.note("certificate " + key + " is revoked");
  co_return Status();
}

}  // namespace gantry::ctl
