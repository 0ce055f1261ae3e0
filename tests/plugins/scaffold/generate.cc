// Writes a new adapter, as "anqiaoctl adapter new" does: generate NAME SAMPLE ENCODING DIRECTORY,
// where ENCODING may be empty and DIRECTORY is replaced.

#include <cstdio>
#include <filesystem>
#include <iostream>

#include "hub/adapter/scaffold/scaffold.h"

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: %s NAME SAMPLE ENCODING DIRECTORY\n", argv[0]);
    return 2;
  }
  std::error_code ignored;
  std::filesystem::remove_all(argv[4], ignored);
  const auto made = anqiao::scaffold::ScaffoldAdapter({.name = argv[1],
                                                       .sample = argv[2],
                                                       .encoding = argv[3],
                                                       .format = "",
                                                       .directory = argv[4]});
  if (made.ok()) return 0;
  std::cerr << made.status() << "\n";
  return 1;
}
