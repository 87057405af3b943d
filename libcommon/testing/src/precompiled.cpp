// Carries the precompiled header of all tests: the header is made for a source of its target, and
// catch_main.cpp, which includes Catch in another way, cannot be that source.
