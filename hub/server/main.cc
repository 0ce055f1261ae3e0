// anqiaod: the hub.

#include "hub/server/run.h"

int main(int argc, char** argv) { return anqiao::server::RunHub(argc, argv, {}); }
