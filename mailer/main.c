/* usher: walks new customers through their first eight weeks by email. Everything is in the command table of
 * cli/. */
#include "cli/cli.h"

int
main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
