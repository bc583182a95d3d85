// The sinks: a file that rotates, and standard output.
#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/apiserver/audit/audit.h"

namespace gantry::apiserver {
namespace {

Status failed(const std::string& path, const char* what) {
  return invalid("%s: %s: %s", path, std::string(what), std::string(std::strerror(errno)));
}

Status write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed(path, "cannot be written");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

class FileSink final : public AuditSink {
 public:
  explicit FileSink(AuditFile file) : file_(std::move(file)) {}
  ~FileSink() override {
    if (fd_ >= 0) ::close(fd_);
  }

  Status open() {
    fd_ = ::open(file_.path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd_ < 0) return failed(file_.path, "cannot be opened");
    struct stat found {};
    if (::fstat(fd_, &found) != 0) return failed(file_.path, "cannot be looked at");
    size_ = static_cast<uint64_t>(found.st_size);
    return {};
  }

  Status write(const std::string& lines) override {
    if (size_ > 0 && size_ + lines.size() > file_.bytes_max) GANTRY_TRY(rotate());
    if (fd_ < 0) GANTRY_TRY(open());
    GANTRY_TRY(write_all(fd_, lines, file_.path));
    size_ += lines.size();
    return {};
  }

 private:
  std::string older(int number) const { return file_.path + "." + std::to_string(number); }

  Status rotate() {
    ::close(std::exchange(fd_, -1));
    for (int number = file_.keep - 1; number >= 1; --number)
      ::rename(older(number).c_str(), older(number + 1).c_str());
    const auto moved = file_.keep > 0 ? ::rename(file_.path.c_str(), older(1).c_str())
                                      : ::unlink(file_.path.c_str());
    if (moved != 0) return failed(file_.path, "cannot be rotated");
    size_ = 0;
    return open();
  }

  AuditFile file_;
  int fd_ = -1;
  uint64_t size_ = 0;
};

class StdoutSink final : public AuditSink {
 public:
  Status write(const std::string& lines) override {
    return write_all(STDOUT_FILENO, lines, "standard output");
  }
};

}  // namespace

Result<std::unique_ptr<AuditSink>> open_audit_file(const AuditFile& file) {
  auto sink = std::make_unique<FileSink>(file);
  GANTRY_TRY(sink->open());
  return sink;
}

std::unique_ptr<AuditSink> audit_to_stdout() {
  return std::make_unique<StdoutSink>();
}

}  // namespace gantry::apiserver
