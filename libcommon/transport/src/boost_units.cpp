// The parts of Asio and Beast that BOOST_ASIO_SEPARATE_COMPILATION leaves out of all other units.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
