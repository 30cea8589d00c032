/* The template of the page, profile_page.html, as the build embeds it; ends with a NUL. */
#ifndef AE_CLI_PROFILE_PAGE_H
#define AE_CLI_PROFILE_PAGE_H

extern const unsigned char cli_profile_page[];

#endif
