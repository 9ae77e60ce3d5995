//! How meanings look: in the sixteen colours that every terminal has, or without any.

use ratatui::style::{Color, Modifier, Style};

use crate::output::Tone;

/// The looks of a screen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Theme {
    /// Without colours only bold, dim and reversed text is left.
    pub(crate) is_coloured: bool,
    /// Whether what is shown may be wrong: everything is grey then.
    pub(crate) is_stale: bool,
}

impl Theme {
    /// The look of a value.
    pub(crate) fn tone(self, tone: Option<Tone>) -> Style {
        match tone {
            Some(Tone::Good) => self.colour(Color::Green, Modifier::empty()),
            Some(Tone::Caution) => self.colour(Color::Yellow, Modifier::BOLD),
            Some(Tone::Bad) => self.colour(Color::Red, Modifier::BOLD),
            None => self.plain(),
        }
    }

    /// The look of a badge: reversed, in the colour of its meaning.
    pub(crate) fn badge(self, tone: Option<Tone>) -> Style {
        self.tone(tone).add_modifier(Modifier::REVERSED | Modifier::BOLD)
    }

    /// The look of what is ordinary.
    pub(crate) fn plain(self) -> Style {
        if self.is_stale { self.faint() } else { Style::new() }
    }

    /// The look of what matters least.
    pub(crate) fn faint(self) -> Style {
        if self.is_coloured { Style::new().fg(Color::DarkGray) } else { Style::new().add_modifier(Modifier::DIM) }
    }

    /// The look of a heading.
    pub(crate) fn heading(self) -> Style {
        self.plain().add_modifier(Modifier::BOLD)
    }

    /// The look of what must be seen even when all else is grey.
    pub(crate) fn warning(self) -> Style {
        Self { is_stale: false, ..self }.badge(Some(Tone::Bad))
    }

    fn colour(self, colour: Color, modifier: Modifier) -> Style {
        if self.is_stale {
            return self.faint();
        }
        let style = Style::new().add_modifier(modifier);
        if self.is_coloured { style.fg(colour) } else { style }
    }
}
