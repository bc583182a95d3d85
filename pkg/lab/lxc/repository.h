#pragma once
// Repository: the apt repository of the lab, the only source that its containers have.
#include <string>
#include <vector>

#include "pkg/async/blocking_pool.h"
#include "pkg/http/http.h"
#include "pkg/lab/lxc/templates.h"

namespace gantry::lab::lxc {

struct Repository {
  std::string folder;      // pool/*.deb, Packages.xz, InRelease
  std::string public_key;  // ASCII-armoured; what InRelease is signed with

  // A deb822 source file that names it at `url` and trusts its key alone.
  std::string source(const std::string& url) const;
};

// Finds the repository with these packages in `cache`, or fills it (blocks; seconds to minutes, by
// the size of the packages): each package is resolved by apt itself against what the template has
// installed, so that exactly what a container would fetch is there. Signed with a key made for it,
// whose private half is thrown away. Invalid names the package that Debian does not have. `stop`
// calls it off.
Result<Repository> ensure_repository(const std::string& cache, const Template& base,
                                     std::vector<std::string> packages,
                                     std::shared_ptr<const StopSignal> stop = nullptr);

// Serves a folder's files over HTTP: GET and HEAD, no lists, nothing outside of it.
class FileHandler final : public http::Handler {
 public:
  // `pool` reads; it outlives the handler.
  FileHandler(std::string folder, async::BlockingPool& pool)
      : folder_(std::move(folder)), pool_(pool) {}
  Async<std::optional<http::Response>> handle(http::Request request, http::Peer peer,
                                              http::ResponseStream& stream) override;

 private:
  std::string folder_;
  async::BlockingPool& pool_;
};

}  // namespace gantry::lab::lxc
