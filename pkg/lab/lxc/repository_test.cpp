// Fetches from Debian's mirrors on its first run (or finds the user's cache).
#include "pkg/lab/lxc/repository.h"

#include <filesystem>

#include "pkg/async/loop.h"
#include "pkg/base/testing.h"
#include "pkg/lab/lxc/instance.h"

namespace gantry::lab::lxc {
namespace {

using ::testing::AllOf;
using testing::Fails;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::StartsWith;

class Refused final : public http::ResponseStream {
  Async<Status> start(http::Response) override { co_return internal("no stream expected"); }
  Async<Status> write(std::string) override { co_return internal("no stream expected"); }
};

TEST(Repository, HoldsWhatAContainerNeedsForAPackageAndIsSigned) {
  const auto base = ensure_debian_12(default_cache());
  ASSERT_THAT(base, IsOk());
  const auto made = ensure_repository(default_cache(), *base, {"nginx-light"});
  ASSERT_THAT(made, IsOk());
  const auto packages = read_file(made->folder + "/Packages");
  ASSERT_THAT(packages, IsOk());
  EXPECT_THAT(*packages, AllOf(HasSubstr("Package: nginx-light\n"), HasSubstr("Package: nginx\n")));
  const auto release = read_file(made->folder + "/InRelease");
  ASSERT_THAT(release, IsOk());
  EXPECT_THAT(*release, StartsWith("-----BEGIN PGP SIGNED MESSAGE-----"));
  EXPECT_THAT(made->source("http://10.0.0.1:80/"), AllOf(HasSubstr("URIs: http://10.0.0.1:80/\n"),
                                                         HasSubstr("Signed-By:\n -----BEGIN")));

  const auto again = ensure_repository(default_cache(), *base, {"nginx-light", "nginx-light"});
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->folder, made->folder);
}

TEST(Repository, NamesThePackageThatIsNone) {
  const auto base = ensure_debian_12(default_cache());
  ASSERT_THAT(base, IsOk());
  EXPECT_THAT(ensure_repository(default_cache(), *base, {"-o=Dir::Evil=1"}),
              Fails(ErrorClass::invalid, HasSubstr("no name of a package")));
}

class FileHandlerTest : public ::testing::Test {
 protected:
  FileHandlerTest() {
    folder_ = std::filesystem::temp_directory_path() / ("gantry-files-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_ / "served" / "pool");
    EXPECT_THAT(write_file(folder_ / "secret", "secret", 0644), IsOk());
    EXPECT_THAT(write_file(folder_ / "served/pool/a.deb", "deb", 0644), IsOk());
  }
  ~FileHandlerTest() override { std::filesystem::remove_all(folder_); }

  http::Response get(const std::string& method, const std::string& target) {
    FileHandler handler((folder_ / "served").string(), pool_);
    Refused stream;
    http::Request request;
    request.method = method;
    request.target = target;
    auto response = loop_.block_on(wrap(handler.handle(request, http::Peer(), stream)));
    return response.ok() ? *response : http::Response();
  }
  static Async<Result<http::Response>> wrap(Async<std::optional<http::Response>> answer) {
    auto response = co_await std::move(answer);
    if (!response) co_return internal("no answer");
    co_return std::move(*response);
  }

  std::filesystem::path folder_;
  async::Loop loop_;
  async::BlockingPool pool_{"files", 1, 8};
};

TEST_F(FileHandlerTest, ServesWhatAptAsksFor) {
  EXPECT_EQ(get("GET", "/pool/a.deb").body, "deb");
  EXPECT_EQ(get("GET", "/./pool/a.deb").body, "deb");
}

TEST_F(FileHandlerTest, ServesNothingElse) {
  for (const auto* target : {"/../secret", "/pool/..%2f..%2fsecret", "/%2e%2e/secret", "/pool",
                             "/pool/none.deb", "/", "//pool//a.deb"})
    EXPECT_EQ(get("GET", target).status, 404) << target;
  EXPECT_EQ(get("PUT", "/pool/a.deb").status, 405);
}

}  // namespace
}  // namespace gantry::lab::lxc
