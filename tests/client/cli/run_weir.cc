// SPDX-License-Identifier: Apache-2.0
#include "tests/client/cli/run_weir.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstdio>

namespace weir::cli {
namespace {

// The arguments and the environment of a new process, made before fork: after it, in a process that
// had threads, nothing may allocate.
class Program {
 public:
  Program(std::vector<std::string> arguments, std::vector<std::string> environment)
      : environment_(std::move(environment)) {
    arguments_.reserve(arguments.size() + 1);
    arguments_.emplace_back(WEIR_PROGRAM);
    for (std::string& argument : arguments) arguments_.push_back(std::move(argument));
    environment_.push_back("TZ=UTC");
    for (const char* inherited : {"PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"}) {
      if (const char* value = getenv(inherited)) {
        environment_.push_back(std::string(inherited) + "=" + value);
      }
    }
    for (std::string& argument : arguments_) argv_.push_back(argument.data());
    for (std::string& variable : environment_) envp_.push_back(variable.data());
    argv_.push_back(nullptr);
    envp_.push_back(nullptr);
  }

  [[noreturn]] void execute() const {
    execve(argv_[0], argv_.data(), envp_.data());
    _exit(127);
  }

 private:
  std::vector<std::string> arguments_;
  std::vector<std::string> environment_;
  std::vector<char*> argv_;
  std::vector<char*> envp_;
};

Ran ended(int process) {
  Ran ran;
  int status = 0;
  EXPECT_EQ(waitpid(process, &status, 0), process);
  if (WIFEXITED(status)) ran.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ran.signal = WTERMSIG(status);
  return ran;
}

std::string contents(std::FILE* file) {
  std::string text;
  std::array<char, 4096> buffer;
  std::rewind(file);
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), file)) {
    text.append(buffer.data(), count);
  }
  std::fclose(file);
  return text;
}

bool append_some(int file, std::string& text) {
  std::array<char, 4096> buffer;
  const ssize_t count = read(file, buffer.data(), buffer.size());
  if (count <= 0) return false;  // a terminal whose programs have gone says EIO
  text.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

}  // namespace

Ran run_weir(const std::vector<std::string>& arguments, const std::string& in,
             const std::vector<std::string>& environment) {
  const Program program(arguments, environment);
  std::FILE* const files[3] = {std::tmpfile(), std::tmpfile(), std::tmpfile()};
  std::fwrite(in.data(), 1, in.size(), files[0]);
  std::rewind(files[0]);
  const int process = fork();
  if (process == 0) {
    setsid();  // no terminal
    for (int i = 0; i < 3; ++i) dup2(fileno(files[i]), i);
    program.execute();
  }
  Ran ran = ended(process);
  std::fclose(files[0]);
  ran.out = contents(files[1]);
  ran.err = contents(files[2]);
  return ran;
}

OnTerminal::OnTerminal(const std::vector<std::string>& arguments) {
  const Program program(arguments, {});
  terminal_ = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  EXPECT_EQ(grantpt(terminal_), 0);
  EXPECT_EQ(unlockpt(terminal_), 0);
  slave_ = open(ptsname(terminal_), O_RDWR | O_NOCTTY | O_CLOEXEC);
  process_ = fork();
  if (process_ == 0) {
    setsid();
    ioctl(slave_, TIOCSCTTY, 0);
    for (int i = 0; i < 3; ++i) dup2(slave_, i);
    program.execute();
  }
}

OnTerminal::~OnTerminal() {
  if (process_ > 0) {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  if (slave_ >= 0) close(slave_);
  close(terminal_);
}

bool OnTerminal::read_more() { return append_some(terminal_, screen_); }

void OnTerminal::type(const std::string& after, const std::string& text) {
  const std::size_t begin = screen_.size();
  while (screen_.find(after, begin) == std::string::npos) {
    if (!read_more()) {
      ADD_FAILURE() << "\"" << after << "\" never came, but: " << screen_;
      return;
    }
  }
  EXPECT_EQ(write(terminal_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

Ran OnTerminal::wait() {
  Ran ran = ended(process_);
  process_ = -1;
  // What it wrote is in the terminal still, and after that nothing more: with nobody left to write,
  // reading says so once the last end here is closed.
  termios now = {};
  tcgetattr(slave_, &now);
  echoes_ = (now.c_lflag & ECHO) != 0;
  close(slave_);
  slave_ = -1;
  while (read_more()) {
  }
  ran.out = screen_;
  return ran;
}

InBackground::InBackground(const std::vector<std::string>& arguments) {
  const Program program(arguments, {});
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  process_ = fork();
  if (process_ == 0) {
    dup2(ends[1], STDOUT_FILENO);
    program.execute();
  }
  close(ends[1]);
  output_ = ends[0];
}

InBackground::~InBackground() {
  if (process_ > 0) {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  close(output_);
}

bool InBackground::wait_for(const std::string& text) {
  while (read_.find(text) == std::string::npos) {
    if (!append_some(output_, read_)) return false;
  }
  return true;
}

void InBackground::send(int signal) const { kill(process_, signal); }

Ran InBackground::wait() {
  while (append_some(output_, read_)) {
  }
  Ran ran = ended(process_);
  process_ = -1;
  ran.out = read_;
  return ran;
}

}  // namespace weir::cli
