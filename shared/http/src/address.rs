//! What kind of place an IP address is. A server that fetches URLs from
//! configuration can be turned against its own network; the classes are those
//! of the IANA special-purpose registries (RFC 6890) and the instance
//! metadata services of the large clouds.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Kinds of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressClass {
    /// Somebody's server on the internet.
    Public,
    /// This machine.
    Loopback,
    /// RFC 1918 networks and IPv6 unique local addresses.
    Private,
    /// Carrier-grade NAT, 100.64.0.0/10.
    CarrierNat,
    /// Valid on one link only, where clouds keep their metadata service.
    LinkLocal,
    /// A metadata service outside the link-local ranges.
    Metadata,
    /// "This host", "this network".
    Unspecified,
    /// Group addresses, and IPv4 broadcast.
    Multicast,
    /// For books and benchmarks.
    Documentation,
    /// Everything that no server can have: reserved, unallocated, or an
    /// outdated way to carry IPv4 inside IPv6.
    Reserved,
}

impl fmt::Display for AddressClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::CarrierNat => "carrier-grade NAT",
            Self::LinkLocal => "link-local",
            Self::Metadata => "metadata service",
            Self::Unspecified => "unspecified",
            Self::Multicast => "multicast",
            Self::Documentation => "documentation",
            Self::Reserved => "reserved",
        })
    }
}

impl AddressClass {
    /// The class of an address.
    pub fn of(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => of_v4(ip),
            IpAddr::V6(ip) => of_v6(ip),
        }
    }
}

fn of_v4(ip: Ipv4Addr) -> AddressClass {
    use AddressClass as Class;
    match ip.octets() {
        // Alibaba Cloud and Oracle Cloud.
        [100, 100, 100, 200] | [192, 0, 0, 192] => Class::Metadata,
        [0, ..] => Class::Unspecified,
        [127, ..] => Class::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Class::Private,
        [100, 64..=127, ..] => Class::CarrierNat,
        [169, 254, ..] => Class::LinkLocal,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [198, 18..=19, ..] => Class::Documentation,
        [224..=239, ..] | [255, 255, 255, 255] => Class::Multicast,
        [192, 0, 0, _] | [192, 88, 99, _] | [240..=255, ..] => Class::Reserved,
        _ => Class::Public,
    }
}

fn of_v6(ip: Ipv6Addr) -> AddressClass {
    use AddressClass as Class;
    let v4 = |high: u16, low: u16| of_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Class::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Class::Loopback,
        // IPv4 in other clothes is what the IPv4 address is: mapped, the
        // translation prefix of IPv6-only networks, and 6to4.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0x2002, high, low, ..] if v4(high, low) != Class::Public => v4(high, low),
        // Amazon's metadata, time and name services.
        [0xfd00, 0xec2, ..] => Class::Metadata,
        [0xfc00..=0xfdff, ..] => Class::Private,
        [0xfe80..=0xfebf, ..] => Class::LinkLocal,
        [0xff00..=0xffff, ..] => Class::Multicast,
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] | [0x2001, 2, 0, ..] => Class::Documentation,
        // Protocol assignments (Teredo, ORCHID) and 6to4, which is retired.
        [0x2001, 0..=0x1ff, ..] | [0x2002, ..] => Class::Reserved,
        // Nothing outside 2000::/3 is allocated to servers.
        [0x2000..=0x3fff, ..] => Class::Public,
        _ => Class::Reserved,
    }
}

#[cfg(test)]
mod tests {
    use super::AddressClass::{self, *};

    const VECTORS: &[(&str, AddressClass)] = &[
        ("8.8.8.8", Public),
        ("1.1.1.1", Public),
        ("100.63.255.255", Public),
        ("100.128.0.0", Public),
        ("172.15.255.255", Public),
        ("172.32.0.0", Public),
        ("192.167.255.255", Public),
        ("192.169.0.0", Public),
        ("223.255.255.255", Public),
        ("2606:4700::1111", Public),
        ("2a00:1450:4001::200e", Public),
        ("::ffff:8.8.8.8", Public),
        ("64:ff9b::808:808", Public),
        ("127.0.0.1", Loopback),
        ("127.255.255.254", Loopback),
        ("::1", Loopback),
        ("::ffff:127.0.0.1", Loopback),
        ("64:ff9b::7f00:1", Loopback),
        ("2002:7f00:1::1", Loopback),
        ("10.0.0.1", Private),
        ("10.255.255.255", Private),
        ("172.16.0.1", Private),
        ("172.31.255.255", Private),
        ("192.168.0.1", Private),
        ("::ffff:192.168.1.1", Private),
        ("64:ff9b::a00:1", Private),
        ("2002:a00:1::", Private),
        ("fc00::1", Private),
        ("fd12:3456:789a::1", Private),
        ("100.64.0.1", CarrierNat),
        ("100.127.255.255", CarrierNat),
        ("169.254.169.254", LinkLocal),
        ("169.254.170.2", LinkLocal),
        ("::ffff:169.254.169.254", LinkLocal),
        ("fe80::1", LinkLocal),
        ("febf::1", LinkLocal),
        ("100.100.100.200", Metadata),
        ("192.0.0.192", Metadata),
        ("fd00:ec2::254", Metadata),
        ("0.0.0.0", Unspecified),
        ("0.1.2.3", Unspecified),
        ("::", Unspecified),
        ("::ffff:0.0.0.0", Unspecified),
        ("224.0.0.1", Multicast),
        ("239.255.255.255", Multicast),
        ("255.255.255.255", Multicast),
        ("ff02::1", Multicast),
        ("192.0.2.1", Documentation),
        ("198.51.100.7", Documentation),
        ("203.0.113.9", Documentation),
        ("198.18.0.1", Documentation),
        ("198.19.255.255", Documentation),
        ("2001:db8::1", Documentation),
        ("3fff:fff::1", Documentation),
        ("2001:2::1", Documentation),
        ("192.0.0.8", Reserved),
        ("192.88.99.1", Reserved),
        ("240.0.0.1", Reserved),
        ("::127.0.0.1", Reserved),
        ("64:ff9b:1::1", Reserved),
        ("100::1", Reserved),
        ("2001::1", Reserved),
        ("2001:10::1", Reserved),
        ("2002:808:808::1", Reserved),
        ("5f00::1", Reserved),
        ("fec0::1", Reserved),
        ("4000::1", Reserved),
    ];

    #[test]
    fn every_class_is_recognised() {
        for (text, class) in VECTORS {
            assert_eq!(AddressClass::of(text.parse().unwrap()), *class, "{text}");
        }
    }
}
