//! Pages in place of those that are not there.

use maud::{DOCTYPE, Markup, html};

/// Says how to make the dashboard.
pub(super) fn not_built() -> String {
    let told = html! {
        p { "This orbd was built without it; everything else works. In the folder of orb's sources, with Node.js 20.19 or later:" }
        pre { "make dashboard\nmake build" }
        p { "Then start orbd again and load this page anew. Until then orbctl shows the same and stops the same:" }
        pre { "orbctl status\norbctl kill" }
    };
    page("The dashboard has not been built", &told)
}

/// Says that there is no such page.
pub(super) fn no_such_page() -> String {
    let told = html! {
        p { "There is nothing at this address. The dashboard begins " a href="/" { "here" } "." }
    };
    page("No such page", &told)
}

/// The policy of safety allows no style within a page: it is plain, in the browser's own light or dark.
fn page(title: &str, told: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="dark light";
                // Without it a browser asks for an icon that is not there.
                link rel="icon" href="data:,";
                title { (title) " · orb" }
            }
            body {
                main {
                    h1 { (title) }
                    (told)
                }
            }
        }
    };
    page.into_string()
}
