use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::address::AddressClass;

/// Which addresses may be reached besides public ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guard {
    /// Ranges of an on-premises peer. They open private and carrier-grade NAT
    /// addresses only: no range, however wide, opens loopback, link-local or
    /// a metadata service.
    pub allow_private: Vec<IpNet>,
    /// Loopback, also over plain http: the local profile.
    pub allow_loopback: bool,
}

/// A URL or address that must not be reached. The text never repeats the URL,
/// which may carry more than a host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// The host is, or resolves to, an address of a class that is not allowed.
    #[error("the host's address is {0}, which is not allowed")]
    Address(AddressClass),
    /// The name has no address.
    #[error("the host has no address")]
    NoAddress,
    /// Not https, and not plain http to loopback in the local profile.
    #[error("only https is allowed")]
    Scheme,
    /// The URL names no host.
    #[error("the URL has no host")]
    NoHost,
    /// The URL carries a user name or a password.
    #[error("the URL carries credentials")]
    Credentials,
}

impl Guard {
    /// A guard from configuration: CIDR texts such as `10.1.0.0/16`. The
    /// error is the text that is not a range.
    pub fn new(allow_private: &[String], allow_loopback: bool) -> Result<Self, String> {
        let parse = |text: &String| text.trim().parse().map_err(|_| text.clone());
        let allow_private = allow_private.iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Self { allow_private, allow_loopback })
    }

    /// Refuses an address that must not be connected to.
    pub fn check_address(&self, ip: IpAddr) -> Result<(), Forbidden> {
        // ::ffff:10.0.0.1 is 10.0.0.1 for a range as well.
        let ip = ip.to_canonical();
        match AddressClass::of(ip) {
            AddressClass::Public => Ok(()),
            AddressClass::Loopback if self.allow_loopback => Ok(()),
            AddressClass::Private | AddressClass::CarrierNat
                if self.allow_private.iter().any(|range| range.contains(&ip)) =>
            {
                Ok(())
            }
            class => Err(Forbidden::Address(class)),
        }
    }

    /// Refuses a URL that must not be asked. A host given as an address never
    /// reaches the resolver, so it is checked here.
    pub fn check_url(&self, url: &Url) -> Result<(), Forbidden> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Forbidden::Credentials);
        }
        let literal = match url.host().ok_or(Forbidden::NoHost)? {
            Host::Domain(_) => None,
            Host::Ipv4(ip) => Some(IpAddr::V4(ip)),
            Host::Ipv6(ip) => Some(IpAddr::V6(ip)),
        };
        match url.scheme() {
            "https" => {}
            "http" if self.allow_loopback && is_loopback(url) => {}
            _ => return Err(Forbidden::Scheme),
        }
        literal.map_or(Ok(()), |ip| self.check_address(ip))
    }

    /// The addresses of a name that may be connected to.
    fn permitted(&self, found: impl Iterator<Item = SocketAddr>) -> Result<Vec<SocketAddr>, Forbidden> {
        let mut refused = Forbidden::NoAddress;
        let mut permitted = Vec::new();
        for address in found {
            match self.check_address(address.ip()) {
                Ok(()) => permitted.push(address),
                Err(error) => refused = error,
            }
        }
        if permitted.is_empty() { Err(refused) } else { Ok(permitted) }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// The system's resolver, with every answer checked.
pub(crate) struct GuardedResolver(pub(crate) Arc<Guard>);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = Arc::clone(&self.0);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let permitted = guard.permitted(found)?;
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(ranges: &[&str], allow_loopback: bool) -> Guard {
        let ranges: Vec<String> = ranges.iter().map(|&range| range.to_owned()).collect();
        Guard::new(&ranges, allow_loopback).unwrap()
    }

    fn check(guard: &Guard, url: &str) -> Result<(), Forbidden> {
        guard.check_url(&url.parse().unwrap())
    }

    #[test]
    fn a_range_opens_private_addresses_and_nothing_else() {
        let guard = guard(&["10.1.0.0/16", "fd12::/16", "100.64.0.0/10"], false);
        for open in ["10.1.2.3", "::ffff:10.1.2.3", "fd12::1", "100.64.0.9", "8.8.8.8"] {
            assert_eq!(guard.check_address(open.parse().unwrap()), Ok(()), "{open}");
        }
        for shut in ["10.2.0.1", "192.168.1.1", "fd13::1", "127.0.0.1", "100.100.100.200"] {
            assert!(guard.check_address(shut.parse().unwrap()).is_err(), "{shut}");
        }
    }

    #[test]
    fn no_range_is_wide_enough_for_loopback_or_metadata() {
        let guard = guard(&["0.0.0.0/0", "::/0"], false);
        for shut in [
            "127.0.0.1",
            "::1",
            "169.254.169.254",
            "fe80::1",
            "fd00:ec2::254",
            "100.100.100.200",
            "192.0.0.192",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "::ffff:127.0.0.1",
        ] {
            assert!(guard.check_address(shut.parse().unwrap()).is_err(), "{shut}");
        }
        assert_eq!(guard.check_address("192.168.1.1".parse().unwrap()), Ok(()));
    }

    #[test]
    fn a_bad_range_is_named() {
        assert_eq!(Guard::new(&["10.0.0.0".to_owned()], false), Err("10.0.0.0".to_owned()));
    }

    #[test]
    fn hosts_given_as_addresses_are_checked_without_a_resolver() {
        let shut = guard(&[], false);
        for url in [
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://169.254.169.254/latest",
            "https://[::ffff:10.0.0.1]/",
            "https://10.0.0.1:8443/",
        ] {
            assert!(matches!(check(&shut, url), Err(Forbidden::Address(_))), "{url}");
        }
        assert_eq!(check(&shut, "https://shop.example.com/"), Ok(()));
    }

    #[test]
    fn plain_http_reaches_loopback_in_the_local_profile_only() {
        let (shut, local) = (guard(&[], false), guard(&["10.0.0.0/8"], true));
        for url in ["http://127.0.0.1:8080/", "http://localhost:8080/", "http://[::1]:8080/"] {
            assert_eq!(check(&local, url), Ok(()), "{url}");
            assert_eq!(check(&shut, url), Err(Forbidden::Scheme), "{url}");
        }
        for url in ["http://10.0.0.1/", "http://shop.example.com/", "ftp://localhost/"] {
            assert_eq!(check(&local, url), Err(Forbidden::Scheme), "{url}");
        }
        assert_eq!(check(&local, "https://user@shop.example.com/"), Err(Forbidden::Credentials));
        assert_eq!(check(&local, "data:text/plain,x"), Err(Forbidden::NoHost));
    }

    #[test]
    fn a_name_keeps_only_its_permitted_addresses() {
        let address = |text: &str| SocketAddr::new(text.parse().unwrap(), 0);
        let guard = guard(&[], false);
        let mixed = [address("10.0.0.1"), address("8.8.8.8")];
        assert_eq!(guard.permitted(mixed.into_iter()), Ok(vec![address("8.8.8.8")]));
        let private = [address("10.0.0.1")];
        let refused = guard.permitted(private.into_iter());
        assert_eq!(refused, Err(Forbidden::Address(AddressClass::Private)));
        assert_eq!(guard.permitted(std::iter::empty()), Err(Forbidden::NoAddress));
    }
}
